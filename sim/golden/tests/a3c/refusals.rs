//! What is refused, and that nothing changes then.

use super::{errors, learner, observation, small};
use cortado_golden::a3c::{Hidden, LearnerError, Map, Network, Optimiser, ShapeError, State};

#[test]
fn impossible_shapes_are_refused() {
    let map = Map { height: 4, width: 5, channels: 2 };
    let convolution = |outputs, kernel, stride| [Hidden::Convolution { outputs, kernel, stride }];
    let error = |hidden: &[Hidden], actions| Network::new(map, hidden, actions).unwrap_err();
    assert_eq!(error(&convolution(1, 5, 1), 1), ShapeError::Kernel { layer: 0, kernel: 5, height: 4, width: 5 });
    assert_eq!(error(&convolution(1, 2, 0), 1), ShapeError::Zero { layer: 0, what: "the stride" });
    assert_eq!(error(&convolution(0, 2, 1), 1), ShapeError::Zero { layer: 0, what: "the number of outputs" });
    assert_eq!(error(&[], 0), ShapeError::Zero { layer: 0, what: "the number of actions" });
    assert_eq!(error(&[Hidden::Dense { outputs: usize::MAX }], 1), ShapeError::TooLarge { layer: 0 });
    assert_eq!(error(&[], usize::MAX), ShapeError::TooLarge { layer: 0 });
    let endless = Map { height: usize::MAX, width: 2, channels: 1 };
    assert_eq!(Network::new(endless, &[], 1), Err(ShapeError::TooLarge { layer: 0 }));
}

#[test]
fn tasks_that_do_not_fit_are_refused() {
    let network = small();
    let mut learner = learner(&network, Optimiser::default(), 1);
    let input = observation(&network, 1);
    assert!(matches!(learner.infer(0, &input), Err(LearnerError::Length { came: 0, .. })), "no sync yet");
    assert_eq!(learner.sync(1), Err(LearnerError::Agent { came: 1, agents: 1 }));
    learner.sync(0).unwrap();
    assert!(matches!(learner.infer(0, &input[1..]), Err(LearnerError::Length { .. })));
    let gradient = errors(&network, 2);
    let none = LearnerError::Steps { came: 1, inferences: 0 };
    assert_eq!(learner.train(0, std::slice::from_ref(&gradient), 0.1), Err(none));
    learner.infer(0, &input).unwrap();
    assert_eq!(learner.train(0, &[], 0.1), Err(LearnerError::Steps { came: 0, inferences: 1 }));
    assert!(matches!(learner.train(0, &[vec![0.0]], 0.1), Err(LearnerError::Length { came: 1, needed: 4, .. })));
    let short = State { theta: vec![0.0], statistics: vec![0.0] };
    assert!(cortado_golden::a3c::Learner::new(network, Optimiser::default(), 1, short).is_err());
}

#[test]
fn a_gradient_that_is_not_finite_is_placed_and_changes_nothing() {
    let network = small();
    let mut learner = learner(&network, Optimiser::default(), 1);
    learner.sync(0).unwrap();
    learner.infer(0, &observation(&network, 1)).unwrap();
    let before = learner.state().clone();
    let error = learner.train(0, &[vec![0.0, f32::NAN, 0.0, 0.0]], 0.1).unwrap_err();
    assert!(matches!(error, LearnerError::NotFinite { .. }), "{error}");
    assert_eq!(learner.state(), &before);
}
