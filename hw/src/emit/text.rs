//! Reading hand-written module bodies: their head comment and how they drive an output.

/// Splits the leading comment lines off a body.
pub(super) fn head_comment(text: &str) -> (Option<&str>, &str) {
    let trimmed = text.trim_start_matches(['\n', '\r']);
    let first = trimmed.lines().next().unwrap_or("");
    match first.trim_start().strip_prefix("//") {
        Some(comment) => (Some(comment.trim()), trimmed[first.len()..].trim_start_matches('\n')),
        None => (None, trimmed),
    }
}

/// The block's name in a head comment such as `Requantiser: int32 sums to int8`.
pub(super) fn kind_in_comment(comment: &str) -> Option<&str> {
    let (word, _) = comment.split_once(':')?;
    let word = word.trim();
    let named = word.starts_with(|c: char| c.is_ascii_uppercase()) && word.bytes().all(|b| b.is_ascii_alphanumeric());
    named.then_some(word)
}

/// hdl_gen cuts the macro call off a comment only as some compilers spell it; newer ones leave
/// `comment! ("text` behind.
pub(super) fn clean_comment(text: &str) -> String {
    let call = ["comment", "println", "assert"]
        .iter()
        .find_map(|name| text.strip_prefix(name)?.trim_start().strip_prefix('!'));
    let inner = match call {
        Some(rest) => rest.trim_start_matches([' ', '(']).trim_end_matches([' ', ')', ';']),
        None => text,
    };
    let inner = inner.strip_prefix('"').unwrap_or(inner);
    let inner = inner.strip_suffix('"').unwrap_or(inner);
    inner.replace("\\n", "\n").replace("\\\"", "\"").trim().to_string()
}

/// Whether a body drives `name` by `assign` or from an instance, so that it must be a net.
pub(super) fn drives_as_net(body: &str, name: &str) -> bool {
    let code: String = body.lines().map(|line| line.split("//").next().unwrap_or("")).collect::<Vec<_>>().join("\n");
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    code.match_indices(name).any(|(at, _)| {
        let before = &code[..at];
        let after = &code[at + name.len()..];
        if before.ends_with(is_word) || after.starts_with(is_word) {
            return false;
        }
        let before = before.trim_end();
        if before.ends_with("assign") {
            return true;
        }
        // A pin: `.port(name)` or `.port(name[..])`.
        let Some(pin) = before.strip_suffix('(') else {
            return false;
        };
        let pin = pin.trim_end().trim_end_matches(is_word);
        pin.ends_with('.')
    })
}
