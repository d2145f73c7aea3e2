//! From a preset's text to an [`Architecture`], or to every fault of it.

use super::document::{self, Entry};
use super::error::PresetErrors;
use super::part::{self, MEMORIES};
use super::rule::{Kind, Rule};
use super::section::{Faults, Section};
use crate::architecture::{ActivationKind, Architecture, ExternalMemory, Family};
use crate::isa::{OnChip, INSTRUCTION_BYTES, PARAMETER_BYTES};
use crate::DataType;
use std::collections::BTreeMap;

/// Most substeps that `Compute::last_substeps` counts, as a power of two.
const MOST_SUBSTEPS: i64 = 16;
/// Most steps that `Compute::window_steps` counts.
const MOST_WINDOW_STEPS: i64 = 63;
/// Elements that nine bits count, the end of a patch among them.
const MOST_PATCH: i64 = 511;
/// Taps of the largest kernel: `kernel_width` and `kernel_height` have 4 bits each.
const MOST_TAPS: i64 = 15 * 15;
/// Words that 16-bit addresses reach.
const MOST_WORDS: i64 = 1 << 16;
/// Two bursts on the way are counted in 16 bits.
const MOST_BURST_BEATS: i64 = 1 << 14;
/// Multiplications of halves in a product of 30 by 31 bits.
const MOST_REQUANTISE_CYCLES: i64 = 4;

/// Bits that reach every byte of an instruction.
const LEAST_ADDRESS_BITS: i64 = INSTRUCTION_BYTES.ilog2() as i64;

const SECTIONS: [&str; 6] = ["preset", "part", "array", "memory", "port", "external"];

/// Reads and checks a preset; `file_name` is only for the errors.
///
/// # Errors
/// Every fault of the text at once: keys that are missing, unknown, of a wrong type or with an
/// impossible value, and memories that the part does not have.
pub fn parse(file_name: &str, text: &str) -> Result<Architecture, PresetErrors> {
    let errors = |faults| PresetErrors { file_name: file_name.to_owned(), faults };
    let mut document = document::read(text).map_err(|fault| errors(vec![fault]))?;
    let mut faults = Faults::default();
    let architecture = architecture(&mut document, &mut faults);
    for (name, entry) in &document {
        faults.unknown(entry.line, &format!("[{name}]"), name, &SECTIONS, "a preset");
    }
    match architecture {
        Some(architecture) if faults.is_empty() => Ok(architecture),
        _ => Err(errors(faults.sorted())),
    }
}

fn architecture(document: &mut BTreeMap<String, Entry>, faults: &mut Faults) -> Option<Architecture> {
    let names = names(document, faults);
    let part = family(document, faults);
    let array = array(document, faults, part.as_ref().map(|p| &p.0));
    let memory = memories(document, faults, part.as_ref().map(|p| &p.0), array.as_ref());
    let port = port(document, faults, array.as_ref());
    let external = external(document, faults, port.map(|p| (p.0, p.2)));
    let ((name, summary), (family, clock_mhz), array, memory) = (names?, part?, array?, memory?);
    let (port_bytes, burst_beats, address_bits) = port?;
    Some(Architecture {
        name,
        summary,
        family,
        clock_mhz,
        data_type: array.data_type?,
        tm: array.tm?,
        tn: array.tn?,
        requantise_lanes: array.requantise_lanes?,
        requantise_cycles: array.requantise_cycles?,
        residual_unit: array.residual_unit?,
        window_taps: array.window_taps?,
        patch_bytes: array.patch_bytes?,
        activation_words: memory.words[0],
        activation_kind: memory.kind,
        weight_words: memory.words[1],
        parameter_words: memory.words[2],
        port_bytes: port_bytes as usize,
        burst_beats: burst_beats as usize,
        address_bits: address_bits as usize,
        external: external?,
    })
}

pub(super) fn names(document: &mut BTreeMap<String, Entry>, faults: &mut Faults) -> Option<(String, String)> {
    let mut s = Section::take(document, "preset", &["name", "summary"], faults)?;
    let name = s.text("name", faults).filter(|name| {
        let good = (1..=64).contains(&name.len())
            && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if !good {
            let reason = "files are named after it: 1 to 64 of a to z, 0 to 9 and -";
            faults.wrong(&s, "name", reason);
        }
        good
    });
    let summary = s.text("summary", faults);
    Some((name?, summary?))
}

pub(super) fn family(document: &mut BTreeMap<String, Entry>, faults: &mut Faults) -> Option<(Family, u32)> {
    const KEYS: &[&str] = &["family", "device", "package", "clock_mhz", "speed_grade"];
    let mut s = Section::take_open(document, "part", KEYS, faults)?;
    let family = s.choice("family", &["generic", "ice40", "ecp5"], faults);
    match family.as_deref() {
        Some("generic") => s.close(&KEYS[..1], faults),
        Some("ice40") => s.close(&KEYS[..4], faults),
        _ => s.close(KEYS, faults),
    }
    if family.as_deref()? == "generic" {
        return Some((Family::Generic, 0));
    }
    let is_ice40 = family.as_deref()? == "ice40";
    let parts = if is_ice40 { part::ICE40 } else { part::ECP5 };
    let devices: Vec<_> = parts.iter().map(|p| p.device).collect();
    let device = s.choice("device", &devices, faults);
    let package = match device.as_deref().and_then(|d| part::find(parts, d)) {
        Some(part) => s.choice("package", part.packages, faults),
        None => s.text("package", faults),
    };
    let clock = s.integer("clock_mhz", &Rule::new(Kind::Any, 1, 400, "MHz; the part's PLL makes it"), faults);
    let speed =
        if is_ice40 { Some(0) } else { s.integer("speed_grade", &Rule::new(Kind::Any, 6, 8, "of the ECP5"), faults) };
    let (device, package, clock_mhz) = (device?, package?, clock? as u32);
    let speed = speed? as u8;
    Some((
        if is_ice40 { Family::Ice40 { device, package } } else { Family::Ecp5 { device, package, speed } },
        clock_mhz,
    ))
}

/// The sizes of `[array]` that are right.
struct Array {
    data_type: Option<DataType>,
    tm: Option<usize>,
    tn: Option<usize>,
    requantise_lanes: Option<usize>,
    requantise_cycles: Option<usize>,
    residual_unit: Option<bool>,
    window_taps: Option<usize>,
    patch_bytes: Option<usize>,
}

impl Array {
    /// Bytes of an activation, a weight and a parameter word.
    fn word_bytes(&self) -> Option<[usize; 3]> {
        let bytes = self.data_type?.bytes();
        Some([self.tm? * bytes, self.tm? * self.tn? * bytes, PARAMETER_BYTES * self.requantise_lanes?])
    }
}

fn array(document: &mut BTreeMap<String, Entry>, faults: &mut Faults, family: Option<&Family>) -> Option<Array> {
    let keys = [
        "tm_lanes",
        "tn_lanes",
        "requantise_lanes",
        "requantise_cycles",
        "residual_unit",
        "window_taps",
        "patch_bytes",
        "data_type",
    ];
    let mut s = Section::take(document, "array", &keys, faults)?;
    let tm = s.integer("tm_lanes", &Rule::new(Kind::PowerOfTwo, 2, 64, "output lanes Tm"), faults);
    let (tn_low, tn_high) = tm.map_or((1, 64), |tm| ((tm / MOST_SUBSTEPS).max(1), tm));
    let reason = format!("input lanes Tn, at most Tm and at least Tm/{MOST_SUBSTEPS}");
    let tn = s.integer("tn_lanes", &Rule::new(Kind::PowerOfTwo, tn_low, tn_high, reason), faults);
    let rule = Rule::new(Kind::PowerOfTwo, 1, tm.unwrap_or(64), "requantisers R, at most Tm");
    let requantise_lanes = s.integer("requantise_lanes", &rule, faults);
    let rule = Rule::new(Kind::PowerOfTwo, 1, MOST_REQUANTISE_CYCLES, "cycles of a requantiser for a channel");
    let requantise_cycles = s.integer("requantise_cycles", &rule, faults).filter(|cycles| {
        if *cycles == 2 {
            faults.wrong(&s, "requantise_cycles", "a requantiser has all its multipliers or one; nearest 1, 4");
        }
        *cycles != 2
    });
    let rule = Rule::new(Kind::Any, 0, 1, "1 for a unit that adds residuals, 0 for none");
    let residual_unit = s.integer("residual_unit", &rule, faults);
    let lanes = tn.unwrap_or(1);
    let round_up = |x: i64| (x + lanes - 1) / lanes * lanes;
    let rule = Rule::new(
        Kind::MultipleOf(lanes),
        0,
        round_up(MOST_TAPS).min(MOST_WINDOW_STEPS * lanes),
        "taps of a depthwise window: Tn a step; 0 for no depthwise unit",
    );
    let window_taps = s.integer("window_taps", &rule, faults);
    let reason = "elements of a patch: Tn a step; 0 for no patch unit";
    let patch_bytes = s.integer(
        "patch_bytes",
        &Rule::new(Kind::MultipleOf(lanes), 0, (MOST_WINDOW_STEPS * lanes).min(MOST_PATCH), reason),
        faults,
    );
    let data_type = s.choice_or_first("data_type", &DataType::ALL.map(DataType::name), faults);
    let data_type = data_type.and_then(|name| DataType::of_name(&name));
    let size = |x: Option<i64>| x.map(|x| x as usize);
    if data_type == Some(DataType::Int16) {
        int16(&s, faults, requantise_cycles, residual_unit, family.zip(size(tm)).zip(size(tn)));
    }
    Some(Array {
        data_type,
        tm: size(tm),
        tn: size(tn),
        requantise_lanes: size(requantise_lanes),
        requantise_cycles: size(requantise_cycles),
        residual_unit: residual_unit.map(|x| x == 1),
        window_taps: size(window_taps),
        patch_bytes: size(patch_bytes),
    })
}

/// Reports what an int16 engine does not have.
fn int16(
    s: &Section,
    faults: &mut Faults,
    requantise_cycles: Option<i64>,
    residual_unit: Option<i64>,
    array: Option<((&Family, usize), usize)>,
) {
    if requantise_cycles == Some(4) {
        let reason = "an int16 requantiser shifts and has no multiplier to share; nearest 1";
        faults.wrong(s, "requantise_cycles", reason);
    }
    if residual_unit == Some(1) {
        faults.wrong(s, "residual_unit", "no int16 engine adds residuals; nearest 0");
    }
    let Some(((family, tm), tn)) = array else { return };
    if let Some(part) = part::of(family).filter(|part| part.multipliers < tm * tn) {
        let reason = format!(
            "int16 products take a multiplier block each, {} of them, and the {} has {}; nearest \"int8\"",
            tm * tn,
            part.device,
            part.multipliers
        );
        faults.wrong(s, "data_type", &reason);
    }
}

struct Memories {
    kind: ActivationKind,
    words: [usize; 3],
}

const WORD_KEYS: [&str; 3] = ["activation_words", "weight_words", "parameter_words"];

fn memories(
    document: &mut BTreeMap<String, Entry>,
    faults: &mut Faults,
    family: Option<&Family>,
    array: Option<&Array>,
) -> Option<Memories> {
    let mut s =
        Section::take(document, "memory", &["activation_kind", WORD_KEYS[0], WORD_KEYS[1], WORD_KEYS[2]], faults)?;
    let kind = s.choice("activation_kind", &["bram", "spram"], faults);
    let rule = Rule::new(Kind::Any, 1, MOST_WORDS, "words; addresses have 16 bits");
    let words = WORD_KEYS.map(|key| s.integer(key, &rule, faults));
    let kind = if kind? == "spram" { ActivationKind::Spram } else { ActivationKind::Bram };
    let words = [words[0]? as usize, words[1]? as usize, words[2]? as usize];
    if let Some((family, bytes)) = family.zip(array.and_then(Array::word_bytes)) {
        fits(&s, faults, family, kind, words, bytes);
    }
    Some(Memories { kind, words })
}

/// Reports memories that the part has not the blocks for, at the key of the memory that takes most.
fn fits(s: &Section, faults: &mut Faults, family: &Family, kind: ActivationKind, words: [usize; 3], bytes: [usize; 3]) {
    let Some(part) = part::of(family) else { return };
    let blocks = |i: usize, words: usize| part::blocks_of(family, kind, MEMORIES[i], words, bytes[i]);
    if kind == ActivationKind::Spram {
        if part.sprams == 0 {
            faults.wrong(s, "activation_kind", &format!("the {} has no SPRAM; nearest \"bram\"", part.device));
            return;
        }
        let fits = |words| blocks(0, words).sprams <= part.sprams;
        if !fits(words[0]) {
            let reason = format!(
                "it takes {} of the {} SPRAM blocks of the {}",
                blocks(0, words[0]).sprams,
                part.sprams,
                part.device
            );
            faults.too_large(s, WORD_KEYS[0], &reason, largest(words[0], fits));
        }
    }
    let taken = [0, 1, 2].map(|i| blocks(i, words[i]).block_rams);
    if taken.iter().sum::<usize>() > part.block_rams {
        let most = (0..3).max_by_key(|i| taken[*i]).unwrap_or(0);
        let others = taken.iter().sum::<usize>() - taken[most];
        let reason = format!(
            "the memories take {} block RAMs (activation {}, weight {}, parameter {}) and the {} has {}",
            taken.iter().sum::<usize>(),
            taken[0],
            taken[1],
            taken[2],
            part.device,
            part.block_rams
        );
        let fits = |words| others + blocks(most, words).block_rams <= part.block_rams;
        faults.too_large(s, WORD_KEYS[most], &reason, largest(words[most], fits));
    }
}

/// The largest count of words up to `words` that fits; `fits` never turns true again above a false.
fn largest(words: usize, fits: impl Fn(usize) -> bool) -> Option<usize> {
    let (mut low, mut high) = (0, words);
    while low < high {
        let middle = low + (high - low).div_ceil(2);
        if fits(middle) {
            low = middle;
        } else {
            high = middle - 1;
        }
    }
    (low > 0).then_some(low)
}

/// Bytes of a beat, most beats of a burst, bits of an address.
fn port(document: &mut BTreeMap<String, Entry>, faults: &mut Faults, array: Option<&Array>) -> Option<(i64, i64, i64)> {
    let mut s = Section::take(document, "port", &["port_bytes", "burst_beats", "address_bits"], faults)?;
    let weight = array.and_then(Array::word_bytes).map_or(INSTRUCTION_BYTES, |[_, weight, _]| weight);
    let parameter = array.and_then(|a| a.requantise_lanes).map_or(INSTRUCTION_BYTES, |r| PARAMETER_BYTES * r);
    // 64 is a multiple of every power of two up to it.
    let most = weight.min(parameter).min(INSTRUCTION_BYTES) as i64;
    let reason = "bytes a beat; must divide the words of weight and parameter memory: Tm*Tn elements and 8*R bytes";
    let bytes = s.integer("port_bytes", &Rule::new(Kind::PowerOfTwo, 1, most, reason), faults);
    let beats =
        s.integer("burst_beats", &Rule::new(Kind::Any, 1, MOST_BURST_BEATS, "beats of the longest burst"), faults);
    let rule = Rule::new(Kind::Any, LEAST_ADDRESS_BITS, 32, "bits of an external address; the port's others are 0");
    let address_bits = s.integer("address_bits", &rule, faults);
    Some((bytes?, beats?, address_bits?))
}

pub(super) fn external(
    document: &mut BTreeMap<String, Entry>,
    faults: &mut Faults,
    port: Option<(i64, i64)>,
) -> Option<ExternalMemory> {
    let keys = ["size_bytes", "latency_cycles", "bandwidth_bytes", "bandwidth_cycles", "burst_cycles"];
    let mut s = Section::take(document, "external", &keys, faults)?;
    let (port_bytes, address_bits) = port.unwrap_or((1, 32));
    let reason = format!("whole beats; an instruction at least, and addresses have {address_bits} bits");
    let rule = Rule::new(Kind::MultipleOf(port_bytes), INSTRUCTION_BYTES as i64, 1 << address_bits, reason);
    let size = s.integer("size_bytes", &rule, faults);
    let latency = s.integer("latency_cycles", &Rule::new(Kind::Any, 0, 65535, ""), faults);
    let bytes = s.integer("bandwidth_bytes", &Rule::new(Kind::Any, 1, 65535, ""), faults);
    let cycles = s.integer("bandwidth_cycles", &Rule::new(Kind::Any, 1, 65535, ""), faults);
    let burst = s.integer_or("burst_cycles", 0, &Rule::new(Kind::Any, 0, 65535, ""), faults);
    Some(ExternalMemory {
        bytes: size? as u64,
        latency_cycles: latency? as u32,
        bandwidth_bytes: bytes? as u32,
        bandwidth_cycles: cycles? as u32,
        burst_cycles: burst? as u32,
    })
}

// `OnChip` orders the memories; the arrays above rely on it.
const _: () =
    assert!(OnChip::Activation as usize == 0 && OnChip::Weight as usize == 1 && OnChip::Parameter as usize == 2);
