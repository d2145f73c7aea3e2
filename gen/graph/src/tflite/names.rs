//! Names TensorFlow Lite gives its operator and element type numbers.

/// Operators by number, from 0.
const OPERATORS: &str = "ADD AVERAGE_POOL_2D CONCATENATION CONV_2D DEPTHWISE_CONV_2D DEPTH_TO_SPACE DEQUANTIZE \
EMBEDDING_LOOKUP FLOOR FULLY_CONNECTED HASHTABLE_LOOKUP L2_NORMALIZATION L2_POOL_2D LOCAL_RESPONSE_NORMALIZATION \
LOGISTIC LSH_PROJECTION LSTM MAX_POOL_2D MUL RELU RELU_N1_TO_1 RELU6 RESHAPE RESIZE_BILINEAR RNN SOFTMAX \
SPACE_TO_DEPTH SVDF TANH CONCAT_EMBEDDINGS SKIP_GRAM CALL CUSTOM EMBEDDING_LOOKUP_SPARSE PAD \
UNIDIRECTIONAL_SEQUENCE_RNN GATHER BATCH_TO_SPACE_ND SPACE_TO_BATCH_ND TRANSPOSE MEAN SUB DIV SQUEEZE \
UNIDIRECTIONAL_SEQUENCE_LSTM STRIDED_SLICE BIDIRECTIONAL_SEQUENCE_RNN EXP TOPK_V2 SPLIT LOG_SOFTMAX DELEGATE \
BIDIRECTIONAL_SEQUENCE_LSTM CAST PRELU MAXIMUM ARG_MAX MINIMUM LESS NEG PADV2 GREATER GREATER_EQUAL LESS_EQUAL \
SELECT SLICE SIN TRANSPOSE_CONV SPARSE_TO_DENSE TILE EXPAND_DIMS EQUAL NOT_EQUAL LOG SUM SQRT RSQRT SHAPE POW \
ARG_MIN FAKE_QUANT REDUCE_PROD REDUCE_MAX PACK LOGICAL_OR ONE_HOT LOGICAL_AND LOGICAL_NOT UNPACK REDUCE_MIN \
FLOOR_DIV REDUCE_ANY SQUARE ZEROS_LIKE FILL FLOOR_MOD RANGE RESIZE_NEAREST_NEIGHBOR LEAKY_RELU SQUARED_DIFFERENCE \
MIRROR_PAD ABS SPLIT_V UNIQUE CEIL REVERSE_V2 ADD_N GATHER_ND COS WHERE RANK ELU REVERSE_SEQUENCE MATRIX_DIAG \
QUANTIZE MATRIX_SET_DIAG ROUND HARD_SWISH IF WHILE NON_MAX_SUPPRESSION_V4 NON_MAX_SUPPRESSION_V5 SCATTER_ND \
SELECT_V2 DENSIFY SEGMENT_SUM BATCH_MATMUL";

pub const ADD: i32 = 0;
pub const AVERAGE_POOL_2D: i32 = 1;
pub const CONV_2D: i32 = 3;
pub const DEPTHWISE_CONV_2D: i32 = 4;
pub const DEQUANTIZE: i32 = 6;
pub const FULLY_CONNECTED: i32 = 9;
pub const MAX_POOL_2D: i32 = 17;
pub const RELU: i32 = 19;
pub const RELU_N1_TO_1: i32 = 20;
pub const RELU6: i32 = 21;
pub const RESHAPE: i32 = 22;
pub const SOFTMAX: i32 = 25;
pub const PAD: i32 = 34;
pub const MEAN: i32 = 40;
pub const QUANTIZE: i32 = 114;

/// The operator's name, or its number when it is newer than the list.
pub fn operator(code: i32) -> String {
    usize::try_from(code)
        .ok()
        .and_then(|index| OPERATORS.split_ascii_whitespace().nth(index))
        .map_or_else(|| format!("operator number {code}"), str::to_string)
}

pub const FLOAT32: i8 = 0;
pub const INT32: i8 = 2;
pub const INT64: i8 = 4;
pub const INT16: i8 = 7;
pub const INT8: i8 = 9;

const TYPES: [&str; 19] = [
    "FLOAT32",
    "FLOAT16",
    "INT32",
    "UINT8",
    "INT64",
    "STRING",
    "BOOL",
    "INT16",
    "COMPLEX64",
    "INT8",
    "FLOAT64",
    "COMPLEX128",
    "UINT64",
    "RESOURCE",
    "VARIANT",
    "UINT32",
    "UINT16",
    "INT4",
    "BFLOAT16",
];

/// The element type's name, or its number when it is newer than the list.
pub fn element_type(code: i8) -> String {
    usize::try_from(code)
        .ok()
        .and_then(|index| TYPES.get(index))
        .map_or_else(|| format!("element type {code}"), |name| name.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_the_importer_uses_have_their_names() {
        let cases = [
            (ADD, "ADD"),
            (AVERAGE_POOL_2D, "AVERAGE_POOL_2D"),
            (CONV_2D, "CONV_2D"),
            (DEPTHWISE_CONV_2D, "DEPTHWISE_CONV_2D"),
            (DEQUANTIZE, "DEQUANTIZE"),
            (FULLY_CONNECTED, "FULLY_CONNECTED"),
            (MAX_POOL_2D, "MAX_POOL_2D"),
            (RELU, "RELU"),
            (RELU6, "RELU6"),
            (RESHAPE, "RESHAPE"),
            (SOFTMAX, "SOFTMAX"),
            (PAD, "PAD"),
            (MEAN, "MEAN"),
            (QUANTIZE, "QUANTIZE"),
            (126, "BATCH_MATMUL"),
            (9999, "operator number 9999"),
            (-1, "operator number -1"),
        ];
        for (code, name) in cases {
            assert_eq!(operator(code), name);
        }
        assert_eq!([INT8, INT16, INT32, INT64].map(element_type), ["INT8", "INT16", "INT32", "INT64"]);
        assert_eq!(element_type(99), "element type 99");
    }
}
