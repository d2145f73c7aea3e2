//! The training engine whole, as emitted: agents' tasks on both units of a pair, against the golden learner.

mod blocks_support;

use blocks_support::header;
use blocks_support::random::Random;
use cortado_agents::checkpoint::Checkpoint;
use cortado_agents::{find, initial_state, Trainer, Training};
use cortado_arch::preset::trainer::{trainer, trainers};
use cortado_arch::trainer::TrainerArchitecture;
use cortado_cosim::engine::Jitter;
use cortado_cosim::BuildOptions;
use cortado_driver::{Simulated, Simulation};
use cortado_golden::a3c::{Hidden, Learner, Map, Network, Optimiser, State};
use cortado_hw::trainer::top;

/// Most steps of a routine.
const STEPS: usize = 5;

/// A convolution that strides, a second one, a dense layer, and 3 actions: padding in every layer.
fn network() -> Network {
    let hidden = [
        Hidden::Convolution { outputs: 16, kernel: 3, stride: 2 },
        Hidden::Convolution { outputs: 20, kernel: 2, stride: 1 },
        Hidden::Dense { outputs: 24 },
    ];
    Network::new(Map { height: 9, width: 8, channels: 2 }, &hidden, 3).expect("shapes that fit")
}

/// The engine at a state; `None`, said aloud, where Verilator is missing.
fn engine(
    arch: &TrainerArchitecture,
    (ordered, jitter): (bool, Jitter),
    (network, optimiser): (&Network, Optimiser),
    agents: usize,
    (state, seed): (&State, u64),
) -> Option<Simulated> {
    let verilator = cortado_tests::verilator()?;
    println!("seed {seed}, {}", arch.name);
    let verilog = top::verilog(arch, &header()).unwrap_or_else(|error| panic!("{error}"));
    let build = BuildOptions::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../build/cosim"));
    let simulation = Simulation {
        arch,
        verilog: &verilog,
        top: top::TOP,
        verilator: &verilator,
        build: &build,
        ordered,
        jitter,
        seed,
    };
    let engine = Simulated::new(&simulation, network.clone(), optimiser, (agents, STEPS), state);
    Some(engine.unwrap_or_else(|error| panic!("{error}")))
}

/// The engine and the golden learner at the same state; `None` where Verilator is missing.
fn both(arch: &TrainerArchitecture, memory: (bool, Jitter), agents: usize, seed: u64) -> Option<(Simulated, Learner)> {
    let (network, optimiser) = (network(), Optimiser::default());
    let state = initial_state(&network, seed, 0.0);
    let engine = engine(arch, memory, (&network, optimiser), agents, (&state, seed))?;
    Some((engine, Learner::new(network, optimiser, agents, state).expect("the network's own state")))
}

fn words(random: &mut Random, count: usize, scale: f32) -> Vec<f32> {
    (0..count).map(|_| scale * random.signed(24) as f32 / (1 << 23) as f32).collect()
}

#[track_caller]
fn same(what: &str, wanted: &[f32], got: &[f32]) {
    let differs = wanted.iter().zip(got).position(|(wanted, got)| wanted.to_bits() != got.to_bits());
    if let Some(at) = differs {
        panic!("{what}, word {at}: expected {:?}, got {:?}", wanted[at], got[at]);
    }
    assert_eq!(wanted.len(), got.len(), "{what}");
}

#[track_caller]
fn same_state(what: &str, wanted: &State, got: &State) {
    same(&format!("{what}, parameters"), &wanted.theta, &got.theta);
    same(&format!("{what}, statistics"), &wanted.statistics, &got.statistics);
}

#[test]
fn routines_are_the_golden_learners_to_the_bit_whatever_stalls() {
    let seed = 321;
    let arch = trainer("fa3c-tiny").expect("it exists");
    for jitter in [Jitter::default(), Jitter::heavy()] {
        let Some((mut engine, mut learner)) = both(&arch, (true, jitter), 2, seed) else { return };
        let mut random = Random(seed);
        // The last gradients are clipped.
        for (routine, (steps, scale)) in [(1, 0.1), (STEPS, 1.0), (3, 1e4)].into_iter().enumerate() {
            let agent = routine % 2;
            Trainer::sync(&mut engine, agent).expect("it goes on");
            Learner::sync(&mut learner, agent).expect("it goes on");
            for inference in 0..=steps {
                let observation = words(&mut random, network().input_words(), 1.0);
                let wanted = Learner::infer(&mut learner, agent, &observation).expect("it goes on");
                let got = Trainer::infer(&mut engine, agent, &observation).expect("it goes on");
                same(&format!("routine {routine}, inference {inference}"), &wanted, &got);
            }
            let errors: Vec<_> = (0..steps).map(|_| words(&mut random, network().output_words(), scale)).collect();
            Learner::train(&mut learner, agent, &errors, 7e-4).expect("it goes on");
            Trainer::train(&mut engine, agent, &errors, 7e-4).expect("it goes on");
            same_state(&format!("routine {routine}"), learner.state(), &engine.global());
        }
    }
}

#[test]
fn a_gradient_that_is_not_finite_fails_as_the_golden_learners_does_and_the_next_task_goes_on() {
    let seed = 322;
    let arch = trainer("fa3c-tiny").expect("it exists");
    let Some((mut engine, mut learner)) = both(&arch, (true, Jitter::default()), 1, seed) else { return };
    let mut random = Random(seed);
    for scale in [3e38, 1.0] {
        let observation = words(&mut random, network().input_words(), 1.0);
        let errors = vec![words(&mut random, network().output_words(), scale)];
        let mut ends = Vec::new();
        let trainers: [&mut dyn Trainer; 2] = [&mut learner, &mut engine];
        for trainer in trainers {
            trainer.sync(0).expect("it goes on");
            trainer.infer(0, &observation).expect("it goes on");
            ends.push(trainer.train(0, &errors, 7e-4));
        }
        assert_eq!(ends[0], ends[1]);
        assert_eq!(ends[0].as_ref().is_err_and(|error| error.not_finite), scale > 1.0, "{:?}", ends[0]);
        same_state("afterwards", learner.state(), &engine.global());
    }
}

/// Four agents hand over a task each turn without waiting for one another; golden takes them in the order handed over.
fn side_by_side(arch: &TrainerArchitecture, merged: bool, seed: u64) {
    const AGENTS: usize = 4;
    let Some((mut engine, mut learner)) = both(arch, (true, Jitter::default()), AGENTS, seed) else { return };
    let mut random = Random(seed);
    let mut pending: Vec<Option<(u16, Option<Vec<f32>>)>> = vec![None; AGENTS];
    let routine = STEPS + 2;
    for turn in 0..3 * routine + AGENTS {
        for (agent, pending) in pending.iter_mut().enumerate() {
            let Some(phase) = turn.checked_sub(agent).map(|turn| turn % routine) else { continue };
            // An inference's answer is awaited before the agent's next task, a sync's end too; a training's is not.
            if let Some((tag, wanted)) = pending.take() {
                engine.wait(tag).expect("it goes on");
                if let Some(wanted) = wanted {
                    same(&format!("agent {agent}, turn {turn}"), &wanted, &engine.outputs(agent));
                }
            }
            if phase == routine - 1 {
                let errors: Vec<_> = (0..STEPS).map(|_| words(&mut random, network().output_words(), 1.0)).collect();
                Learner::train(&mut learner, agent, &errors, 7e-4).expect("it goes on");
                let tag = engine.begin_train(agent, &errors, 7e-4).expect("it goes on");
                *pending = Some((tag, None));
                continue;
            }
            let observation = words(&mut random, network().input_words(), 1.0);
            if phase == 0 {
                Learner::sync(&mut learner, agent).expect("it goes on");
                if !merged {
                    let tag = engine.begin_sync(agent).expect("it goes on");
                    engine.wait(tag).expect("it goes on");
                }
            }
            let wanted = Learner::infer(&mut learner, agent, &observation).expect("it goes on");
            let tag = engine.begin_infer(agent, &observation, merged && phase == 0).expect("it goes on");
            *pending = Some((tag, Some(wanted)));
        }
    }
    for (tag, _) in pending.into_iter().flatten() {
        engine.wait(tag).expect("it goes on");
    }
    same_state("at the end", learner.state(), &engine.global());
    let counts = engine.counts();
    println!("{}, merged {merged}: {} cycles, units active {:?}", arch.name, counts.cycles, counts.active);
    assert!(counts.active.iter().all(|&cycles| cycles > 0), "a unit had nothing to do");
}

#[test]
fn agents_side_by_side_give_what_one_after_the_other_gives() {
    let tiny = trainer("fa3c-tiny").expect("it exists");
    side_by_side(&tiny, true, 323);
    side_by_side(&tiny, false, 324);
    side_by_side(&TrainerArchitecture { pairs: 2, ..tiny.clone() }, true, 325);
    side_by_side(&TrainerArchitecture { units: 1, port_words: 4, ..tiny }, true, 326);
}

/// A routine as an agent handed it over, with the outputs that came.
#[derive(Default)]
struct Routine {
    observations: Vec<Vec<f32>>,
    outputs: Vec<Vec<f32>>,
    errors: Vec<Vec<f32>>,
}

#[test]
fn tasks_as_they_are_ready_give_what_golden_gives_in_the_order_of_their_turns() {
    const AGENTS: usize = 4;
    const ROUTINES: usize = 3;
    let seed = 328;
    let arch = TrainerArchitecture { pairs: 2, ..trainer("fa3c-tiny").expect("it exists") };
    let Some((mut engine, mut learner)) = both(&arch, (false, Jitter::heavy()), AGENTS, seed) else { return };
    let mut random = Random(seed);
    let mut routines: Vec<Vec<Routine>> = (0..AGENTS).map(|_| Vec::new()).collect();
    let mut pending: Vec<Option<u16>> = vec![None; AGENTS];
    // Turn, agent, its routine, and whether the task is the training.
    let mut turns = Vec::new();
    let mut ended: Vec<usize> = (0..AGENTS).collect();
    loop {
        for agent in std::mem::take(&mut ended) {
            let begins = routines[agent].last().is_none_or(|routine| !routine.errors.is_empty());
            if begins && routines[agent].len() == ROUTINES {
                continue;
            }
            if begins {
                routines[agent].push(Routine::default());
            }
            let routine = routines[agent].last_mut().expect("it has begun");
            pending[agent] = Some(if routine.observations.len() <= STEPS {
                let observation = words(&mut random, network().input_words(), 1.0);
                routine.observations.push(observation);
                engine.begin_infer(agent, &routine.observations[routine.outputs.len()], begins).expect("it goes on")
            } else {
                routine.errors = (0..STEPS).map(|_| words(&mut random, network().output_words(), 1.0)).collect();
                engine.begin_train(agent, &routine.errors, 7e-4).expect("it goes on")
            });
        }
        if pending.iter().all(Option::is_none) {
            break;
        }
        let end = engine.wait_any().expect("it goes on");
        let agent = pending.iter().position(|tag| *tag == Some(end.tag)).expect("a task of one of them");
        pending[agent] = None;
        ended.push(agent);
        let number = routines[agent].len() - 1;
        let routine = &mut routines[agent][number];
        let training = !routine.errors.is_empty();
        if training || routine.outputs.is_empty() {
            turns.push((end.turn, agent, number, training));
        }
        if !training {
            routine.outputs.push(engine.outputs(agent));
        }
    }
    turns.sort_unstable();
    let order: Vec<u16> = turns.iter().map(|(turn, ..)| *turn).collect();
    assert_eq!(order, (0..2 * (AGENTS * ROUTINES) as u16).collect::<Vec<_>>(), "each turn is given once");
    for (turn, agent, number, training) in turns {
        let Routine { observations, outputs, errors } = &routines[agent][number];
        if training {
            Learner::train(&mut learner, agent, errors, 7e-4).expect("it goes on");
            continue;
        }
        Learner::sync(&mut learner, agent).expect("it goes on");
        for (observation, got) in observations.iter().zip(outputs) {
            let wanted = Learner::infer(&mut learner, agent, observation).expect("it goes on");
            same(&format!("agent {agent}, turn {turn}"), &wanted, got);
        }
    }
    same_state("at the end", learner.state(), &engine.global());
}

#[test]
fn catch_learnt_on_the_engine_is_catch_learnt_by_golden_and_a_checkpoint_carries_over() {
    let seed = 327;
    let arch = trainer("fa3c-tiny").expect("it exists");
    let catch = find("catch").expect("it exists");
    let network = catch.network().expect("shapes that fit");
    let mut settings = catch.settings(seed);
    settings.agents = 2;
    let state = initial_state(&network, seed, settings.statistics);
    let begin = || Training::begin(settings.clone(), || catch.make()).expect("settings that can be");
    let task = (&network, settings.optimiser);

    let mut learner =
        Learner::new(network.clone(), settings.optimiser, settings.agents, state.clone()).expect("its own");
    let mut golden = begin();
    golden.epoch(&mut learner).expect("it goes on");
    let half = golden.checkpoint(catch.name, &network.to_string(), learner.state().clone()).write();
    golden.epoch(&mut learner).expect("it goes on");
    let whole = golden.checkpoint(catch.name, &network.to_string(), learner.state().clone()).write();

    let Some(mut simulated) = engine(&arch, (true, Jitter::default()), task, settings.agents, (&state, seed)) else {
        return;
    };
    let mut run = begin();
    run.epoch(&mut simulated).expect("it goes on");
    println!("an epoch of catch: {} cycles", simulated.counts().cycles);
    let saved = run.checkpoint(catch.name, &network.to_string(), simulated.global());
    assert!(saved.write() == half, "the first epoch differs");
    let saved = Checkpoint::read(&half).expect("it was written a moment ago");
    let mut resumed = Training::resume(&saved, || catch.make()).expect("a run of the same environment");
    let Some(mut simulated) = engine(&arch, (true, Jitter::default()), task, settings.agents, (&saved.state, seed))
    else {
        return;
    };
    resumed.epoch(&mut simulated).expect("it goes on");
    let again = resumed.checkpoint(catch.name, &network.to_string(), simulated.global());
    assert!(again.write() == whole, "the second epoch differs");
}

#[test]
fn every_preset_has_verilog() {
    for arch in trainers() {
        let text = top::verilog(&arch, &header()).unwrap_or_else(|error| panic!("{}: {error}", arch.name));
        assert!(text.contains("module cortado_trainer"), "{}", arch.name);
    }
}
