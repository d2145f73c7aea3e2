//! Caffe networks: real definitions import with the published sizes, trained weights give the
//! published accuracy, and what is not taken is refused by name.

mod common;

use common::{data, digits, largest};
use cortado_graph::caffe::{import, inspect};
use cortado_graph::float::{evaluate, FloatGraph};

fn lenet() -> Option<FloatGraph> {
    let definition = data("caffe/lenet.prototxt")?;
    let weights = data("caffe/lenet_iter_10000.caffemodel")?;
    Some(import("lenet", &definition, Some(&weights)).expect("LeNet imports"))
}

#[test]
fn lenet_tells_the_digits_apart() {
    let (Some(graph), Some((images, labels))) = (lenet(), digits()) else { return };
    // Opt-level 1 is slow and a quarter says as much.
    let right = images.iter().zip(&labels).take(250).filter(|(image, &label)| {
        let input: Vec<f32> = image.iter().map(|&pixel| f32::from(pixel) / 256.0).collect();
        let tensors = evaluate(&graph, &input).expect("one image runs");
        largest(&tensors[graph.outputs[0]]) == usize::from(label)
    });
    assert_eq!(right.count(), 248);
}

#[test]
fn definitions_have_the_sizes_their_papers_state() {
    for (name, layers, macs, parameters) in
        [("lenet", 9, 2_293_000, 431_080), ("bvlc_alexnet_deploy", 24, 724_406_816, 60_965_224)]
    {
        let Some(definition) = data(&format!("caffe/{name}.prototxt")) else { return };
        let inspection = inspect(name, &definition, None).expect("the definition reads");
        assert!(inspection.importable, "{:?}", inspection.operators);
        let came = (inspection.operators.len(), inspection.macs, inspection.parameters);
        assert_eq!(came, (layers, macs, parameters), "{name}");
    }
}
