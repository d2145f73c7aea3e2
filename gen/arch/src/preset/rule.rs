//! What a number of a preset may be, and the nearest numbers that are.

/// Which integers between `low` and `high` are right.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Any,
    PowerOfTwo,
    MultipleOf(i64),
}

/// A rule for one key.
#[derive(Debug, Clone)]
pub(super) struct Rule {
    pub kind: Kind,
    pub low: i64,
    pub high: i64,
    /// Why the bounds are what they are; empty when that is plain.
    pub reason: String,
}

impl Rule {
    pub fn new(kind: Kind, low: i64, high: i64, reason: impl Into<String>) -> Self {
        Self { kind, low, high, reason: reason.into() }
    }

    /// Why `value` is wrong and the nearest right values, or `None` when it is right.
    pub fn broken_by(&self, value: i64) -> Option<String> {
        let (below, above) = (self.at_most(value), self.at_least(value));
        if below == Some(value) {
            return None;
        }
        let what = match self.kind {
            Kind::Any => "a number".to_owned(),
            Kind::PowerOfTwo => "a power of two".to_owned(),
            Kind::MultipleOf(k) => format!("a multiple of {k}"),
        };
        let reason = if self.reason.is_empty() { String::new() } else { format!(" ({})", self.reason) };
        let near: Vec<_> = below.into_iter().chain(above).map(|x| x.to_string()).collect();
        let near = if near.is_empty() { String::new() } else { format!("; nearest {}", near.join(", ")) };
        Some(format!("it must be {what} from {} to {}{reason}{near}", self.low, self.high))
    }

    /// The largest right value that is not above `value`.
    fn at_most(&self, value: i64) -> Option<i64> {
        let top = value.min(self.high);
        let candidate = match self.kind {
            Kind::Any => Some(top),
            Kind::PowerOfTwo => (top > 0).then(|| 1 << top.ilog2()),
            Kind::MultipleOf(k) => top.checked_div_euclid(k).and_then(|q| q.checked_mul(k)),
        };
        candidate.filter(|x| *x >= self.low)
    }

    /// The smallest right value that is not below `value`.
    fn at_least(&self, value: i64) -> Option<i64> {
        let bottom = value.max(self.low);
        let candidate = match self.kind {
            Kind::Any => Some(bottom),
            Kind::PowerOfTwo => {
                u64::try_from(bottom).ok().and_then(|x| i64::try_from(x.checked_next_power_of_two()?).ok())
            }
            Kind::MultipleOf(k) => {
                bottom.checked_add(k - 1).and_then(|x| x.checked_div_euclid(k)).and_then(|q| q.checked_mul(k))
            }
        };
        candidate.filter(|x| *x <= self.high)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nearest_values_obey_the_rule_and_enclose_the_wrong_one() {
        for (kind, low, high) in [(Kind::Any, 3, 9), (Kind::PowerOfTwo, 2, 64), (Kind::MultipleOf(6), 12, 48)] {
            let rule = Rule::new(kind, low, high, "");
            for value in (-5..70).chain([i64::MIN, i64::MAX]) {
                let (below, above) = (rule.at_most(value), rule.at_least(value));
                for x in below.into_iter().chain(above) {
                    assert_eq!(rule.broken_by(x), None, "{kind:?} {value} -> {x}");
                }
                assert!(below.is_none_or(|x| x <= value) && above.is_none_or(|x| x >= value));
                assert!(below.is_some() || above.is_some(), "{kind:?} {value}");
            }
        }
    }
}
