//! A minimal reader of the model files this crate writes. It shares no code with the writer, knows
//! the schema's field ids on its own, and panics on anything unexpected, as a test should.

use cortado_models::architecture::{Architecture, LayerSpec, Padding, Shape};
use cortado_models::quantise::{Quantisation, QuantisedLayer, QuantisedNetwork, QuantisedParameters};

/// A table, by its position in the file.
#[derive(Clone, Copy)]
struct Table<'a> {
    file: &'a [u8],
    at: usize,
}

fn word(file: &[u8], at: usize) -> i32 {
    i32::from_le_bytes(file[at..at + 4].try_into().expect("four bytes"))
}

impl<'a> Table<'a> {
    /// Position of field `id`, if it is present.
    fn place(self, id: usize) -> Option<usize> {
        assert_eq!(self.at % 4, 0, "tables lie at multiples of four");
        let vtable = self.at - word(self.file, self.at) as usize;
        let half = |at: usize| usize::from(u16::from_le_bytes([self.file[at], self.file[at + 1]]));
        let entry = 4 + 2 * id;
        let place = if entry < half(vtable) { half(vtable + entry) } else { 0 };
        assert!(place < half(vtable + 2), "field {id} lies inside its table");
        (place != 0).then_some(self.at + place)
    }

    fn byte(self, id: usize) -> u8 {
        self.place(id).map_or(0, |at| self.file[at])
    }

    fn int(self, id: usize) -> i32 {
        self.place(id).map_or(0, |at| word(self.file, at))
    }

    fn target(self, id: usize) -> usize {
        let at = self.place(id).unwrap_or_else(|| panic!("field {id} is missing"));
        at + word(self.file, at) as usize
    }

    fn table(self, id: usize) -> Table<'a> {
        Table { file: self.file, at: self.target(id) }
    }

    /// The elements of a vector of `size`-byte scalars.
    fn vector(self, id: usize, size: usize) -> Vec<&'a [u8]> {
        let at = self.target(id);
        assert_eq!((at + 4) % size, 0, "elements are aligned");
        let len = word(self.file, at) as usize * size;
        self.file[at + 4..at + 4 + len].chunks_exact(size).collect()
    }

    fn ints(self, id: usize) -> Vec<i32> {
        self.vector(id, 4).iter().map(|b| word(b, 0)).collect()
    }

    fn floats(self, id: usize) -> Vec<f32> {
        self.ints(id).iter().map(|&bits| f32::from_bits(bits as u32)).collect()
    }

    fn tables(self, id: usize) -> Vec<Table<'a>> {
        let at = self.target(id);
        let items = 0..word(self.file, at) as usize;
        let place = |i| at + 4 + 4 * i;
        let table = |i| Table { file: self.file, at: place(i) + word(self.file, place(i)) as usize };
        items.map(table).collect()
    }

    fn text(self, id: usize) -> String {
        let at = self.target(id);
        let len = word(self.file, at) as usize;
        assert_eq!(self.file[at + 4 + len], 0, "strings end in a zero");
        String::from_utf8(self.file[at + 4..at + 4 + len].to_vec()).expect("UTF-8")
    }
}

/// What the file says, with the shapes worked out again from the layers alone.
pub fn read(file: &[u8]) -> QuantisedNetwork {
    assert_eq!(&file[4..8], b"TFL3");
    let model = Table { file, at: word(file, 0) as usize };
    assert_eq!(model.int(0), 3, "schema version");
    let graph = model.tables(2)[0];
    let parts = Parts { codes: model.tables(1), tensors: graph.tables(0), buffers: model.tables(4) };
    let operators = graph.tables(3);
    let layers: Vec<Table> = operators.iter().copied().filter(|o| [3, 9, 17].contains(&parts.builtin(*o))).collect();
    let input = parts.tensors[graph.ints(1)[0] as usize].ints(0);
    let name = graph.text(4);
    let extent = |i: usize| input[i] as usize;
    let architecture = Architecture {
        name: name.clone(),
        input: Shape { height: extent(1), width: extent(2), channels: extent(3) },
        specs: layers.iter().map(|o| parts.spec(*o)).collect(),
    };
    let shapes = architecture.layers().expect("the file's layers fit each other");
    let layers = layers.iter().zip(shapes).map(|(o, layer)| {
        let output = parts.tensors[o.ints(2)[0] as usize];
        let elements: i32 = output.ints(0).iter().product();
        assert_eq!(elements as usize, layer.output.len(), "shape of {}", output.text(3));
        QuantisedLayer {
            layer,
            parameters: parts.parameters(*o),
            input: parts.code(o.ints(1)[0]),
            output: parts.code(o.ints(2)[0]),
        }
    });
    QuantisedNetwork { name, layers: layers.collect() }
}

struct Parts<'a> {
    codes: Vec<Table<'a>>,
    tensors: Vec<Table<'a>>,
    buffers: Vec<Table<'a>>,
}

impl Parts<'_> {
    fn builtin(&self, operator: Table) -> i32 {
        let code = self.codes[operator.int(0) as usize];
        assert_eq!(code.int(3), i32::from(code.byte(0)), "old and new field agree");
        code.int(3)
    }

    fn spec(&self, operator: Table) -> LayerSpec {
        let (options, kind) = (operator.table(4), operator.byte(3));
        match (self.builtin(operator), kind) {
            (3, 1) => {
                let weights = self.tensors[operator.ints(1)[1] as usize].ints(0);
                assert_eq!(options.int(1), options.int(2), "stride is square");
                assert_eq!(options.byte(3), 1, "fused ReLU");
                LayerSpec::Conv {
                    channels: weights[0] as usize,
                    kernel: weights[1] as usize,
                    stride: options.int(1) as usize,
                    padding: if options.byte(0) == 0 { Padding::Same } else { Padding::Valid },
                }
            }
            (17, 5) => {
                assert_eq!((options.int(1), options.int(2)), (options.int(3), options.int(4)));
                LayerSpec::MaxPool { size: options.int(3) as usize }
            }
            (9, 8) => {
                let weights = self.tensors[operator.ints(1)[1] as usize].ints(0);
                LayerSpec::Dense { outputs: weights[0] as usize }
            }
            other => panic!("operator and options {other:?}"),
        }
    }

    fn code(&self, tensor: i32) -> Quantisation {
        let code = self.tensors[tensor as usize].table(4);
        let zero = code.vector(3, 8)[0];
        let zero_point = i64::from_le_bytes(zero.try_into().expect("eight bytes")) as i32;
        Quantisation { scale: code.floats(2)[0], zero_point }
    }

    fn parameters(&self, operator: Table) -> Option<QuantisedParameters> {
        let inputs = operator.ints(1);
        let data = |tensor: i32| {
            let buffer = self.tensors[tensor as usize].int(2) as usize;
            self.buffers[buffer].vector(0, 1).concat()
        };
        let (&weights, &bias) = (inputs.get(1)?, inputs.get(2)?);
        let scales = self.tensors[weights as usize].table(4).floats(2);
        let input_scale = self.code(inputs[0]).scale;
        let bias_scales = self.tensors[bias as usize].table(4).floats(2);
        let expected: Vec<f32> = scales.iter().map(|s| s * input_scale).collect();
        assert_eq!(bias_scales, expected, "bias scale is input scale times weight scale");
        Some(QuantisedParameters {
            weights: data(weights).iter().map(|&b| b as i8).collect(),
            weight_scales: scales,
            bias: data(bias).chunks_exact(4).map(|b| word(b, 0)).collect(),
        })
    }
}
