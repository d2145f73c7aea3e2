//! Runs: they learn, repeat, go on from checkpoints, and stop as they should.

use cortado_agents::checkpoint::{Checkpoint, CheckpointError, MAGIC};
use cortado_agents::environments::{Catch, Environment, EnvironmentError, Outcome};
use cortado_agents::{find, initial_state, Rng, Settings, Trainer, Training, TrainingError, CATALOGUE};
use cortado_golden::a3c::{Learner, Map, Network, State};

fn begin(name: &str, settings: &Settings) -> (Training, Learner) {
    let entry = find(name).unwrap();
    let network = entry.network().unwrap();
    let state = initial_state(&network, settings.seed, settings.statistics);
    let learner = Learner::new(network, settings.optimiser, settings.agents, state).unwrap();
    (Training::begin(settings.clone(), || entry.make()).unwrap(), learner)
}

fn checkpoint(training: &Training, learner: &mut Learner, name: &str) -> Vec<u8> {
    let network = learner.network().to_string();
    training.checkpoint(name, &network, Trainer::state(learner).unwrap()).write()
}

fn finish(training: &mut Training, learner: &mut Learner) {
    while !training.finished() {
        training.epoch(learner).unwrap();
    }
}

#[test]
fn catch_is_solved_from_the_default_seed() {
    let entry = find("catch").unwrap();
    let (mut training, mut learner) = begin("catch", &entry.settings(1));
    let first = training.epoch(&mut learner).unwrap();
    assert!(first.mean_return < 0.0, "catch is not solved by chance: {first:?}");
    while !training.finished() {
        let point = training.epoch(&mut learner).unwrap();
        if point.mean_return >= 0.95 * entry.best {
            return;
        }
    }
    panic!("not solved: {:?}", training.curve().last());
}

#[test]
fn the_corridor_is_solved() {
    let entry = find("corridor").unwrap();
    let (mut training, mut learner) = begin("corridor", &entry.settings(1));
    finish(&mut training, &mut learner);
    assert!(training.curve().last().unwrap().mean_return >= 0.9 * entry.best, "{:?}", training.curve());
}

#[test]
fn every_run_of_the_same_settings_is_the_same_to_the_last_bit_and_seeds_differ() {
    let mut settings = find("catch").unwrap().settings(7);
    settings.steps = 3000;
    let run = |settings: &Settings| {
        let (mut training, mut learner) = begin("catch", settings);
        finish(&mut training, &mut learner);
        checkpoint(&training, &mut learner, "catch")
    };
    let first = run(&settings);
    assert_eq!(first, run(&settings));
    settings.seed = 8;
    assert_ne!(first, run(&settings));
}

#[test]
fn a_resumed_run_is_the_uninterrupted_one_bit_for_bit() {
    for entry in CATALOGUE {
        let mut settings = entry.settings(2);
        // Three epochs of at most 250 steps.
        settings.steps = 510;
        settings.agents = 2;
        let (mut training, mut learner) = begin(entry.name, &settings);
        training.epoch(&mut learner).unwrap();
        let saved = checkpoint(&training, &mut learner, entry.name);
        finish(&mut training, &mut learner);
        let whole = checkpoint(&training, &mut learner, entry.name);

        let read = Checkpoint::read(&saved).unwrap();
        assert_eq!(read.write(), saved);
        let network = entry.network().unwrap();
        read.expect(entry.name, &network.to_string()).unwrap();
        let mut training = Training::resume(&read, || entry.make()).unwrap();
        let mut learner = Learner::new(network, settings.optimiser, settings.agents, read.state).unwrap();
        assert!(!training.finished());
        finish(&mut training, &mut learner);
        assert!(checkpoint(&training, &mut learner, entry.name) == whole, "{}", entry.name);
    }
}

#[test]
fn damaged_and_foreign_checkpoints_are_refused() {
    let mut settings = find("corridor").unwrap().settings(1);
    settings.agents = 2;
    let (training, mut learner) = begin("corridor", &settings);
    let saved = checkpoint(&training, &mut learner, "corridor");
    let error = |bytes: &[u8]| Checkpoint::read(bytes).unwrap_err();
    assert_eq!(error(b"GIF89a"), CheckpointError::Foreign);
    for length in MAGIC.len()..saved.len() {
        assert!(matches!(error(&saved[..length]), CheckpointError::Length { .. }), "{length}");
    }
    for at in (MAGIC.len() + 12..saved.len()).step_by(7) {
        let mut damaged = saved.clone();
        damaged[at] ^= 0x10;
        assert_eq!(error(&damaged), CheckpointError::Checksum, "{at}");
    }
    let mut newer = saved.clone();
    newer[MAGIC.len()] = 9;
    assert_eq!(error(&newer), CheckpointError::Version { came: 9 });
    let read = Checkpoint::read(&saved).unwrap();
    assert!(matches!(read.expect("catch", &read.network), Err(CheckpointError::Another { .. })));
    assert!(matches!(read.expect("corridor", "5x5x1"), Err(CheckpointError::Another { .. })));
    // Whole, but with the states of another environment in it.
    assert!(matches!(
        Training::resume(&read, || Box::new(Catch::default())),
        Err(TrainingError::Environment { agent: 0, .. })
    ));
}

/// A trainer that writes down in which order tasks come.
struct Recorder {
    network: Network,
    tasks: Vec<(usize, char)>,
}

impl Trainer for Recorder {
    fn network(&self) -> &Network {
        &self.network
    }
    fn sync(&mut self, agent: usize) -> Result<(), cortado_agents::TrainerError> {
        self.tasks.push((agent, 's'));
        Ok(())
    }
    fn infer(&mut self, agent: usize, _: &[f32]) -> Result<Vec<f32>, cortado_agents::TrainerError> {
        self.tasks.push((agent, 'i'));
        Ok(vec![0.0; self.network.output_words()])
    }
    fn train(&mut self, agent: usize, gradients: &[Vec<f32>], _: f32) -> Result<(), cortado_agents::TrainerError> {
        assert!((1..=5).contains(&gradients.len()));
        self.tasks.push((agent, 't'));
        Ok(())
    }
    fn state(&mut self) -> Result<State, cortado_agents::TrainerError> {
        Ok(State { theta: Vec::new(), statistics: Vec::new() })
    }
}

#[test]
fn agents_take_turns_task_by_task_and_start_one_after_another() {
    let entry = find("catch").unwrap();
    let mut settings = entry.settings(1);
    settings.agents = 3;
    let mut training = Training::begin(settings, || entry.make()).unwrap();
    let mut recorder = Recorder { network: entry.network().unwrap(), tasks: Vec::new() };
    let point = training.epoch(&mut recorder).unwrap();
    let text =
        |tasks: &[(usize, char)]| tasks.iter().map(|(agent, task)| format!("{agent}{task} ")).collect::<String>();
    // Catch ends after 7 steps: routines of 5 steps and a bootstrap, and of 2 steps, by turns.
    assert_eq!(text(&recorder.tasks[..12]), "0s 0i 1s 0i 1i 2s 0i 1i 2i 0i 1i 2i ");
    let of_first: Vec<(usize, char)> = recorder.tasks.iter().copied().filter(|&(agent, _)| agent == 0).collect();
    assert_eq!(text(&of_first[..12]), "0s 0i 0i 0i 0i 0i 0i 0t 0s 0i 0i 0t ");
    assert_eq!(of_first.iter().filter(|&&(_, task)| task == 't').count(), 25);
    // 13 long and 12 short routines of 3 agents.
    assert_eq!((point.steps, point.episodes), (3 * (13 * 5 + 12 * 2), 3 * 12));
}

#[test]
fn a_gradient_that_is_not_finite_stops_the_run_and_says_where() {
    let mut settings = find("catch").unwrap().settings(1);
    settings.rate = 1e38;
    let (mut training, mut learner) = begin("catch", &settings);
    match training.epoch(&mut learner) {
        Err(TrainingError::Trainer { steps, error, .. }) => {
            assert!(error.not_finite && steps > 0, "{error}");
        }
        other => panic!("{other:?}"),
    }
}

/// An environment that dies, or panics, in its episode's third step.
struct Mortal {
    steps: usize,
    panics: bool,
}

impl Environment for Mortal {
    fn input(&self) -> Map {
        Map { height: 1, width: 1, channels: 10 }
    }
    fn actions(&self) -> usize {
        2
    }
    fn reset(&mut self, _: &mut Rng) -> Result<(), EnvironmentError> {
        self.steps = 0;
        Ok(())
    }
    fn observe(&self, observation: &mut [f32]) {
        observation.fill(0.0);
    }
    fn step(&mut self, _: usize, _: &mut Rng) -> Result<Outcome, EnvironmentError> {
        self.steps += 1;
        match (self.steps, self.panics) {
            (3, true) => panic!("as this test wants it"),
            (3, false) => Err(EnvironmentError("the emulator has gone".to_owned())),
            _ => Ok(Outcome { reward: 0.0, ended: false }),
        }
    }
    fn save(&self) -> Vec<u8> {
        Vec::new()
    }
    fn restore(&mut self, _: &[u8]) -> Result<(), EnvironmentError> {
        Ok(())
    }
}

#[test]
fn an_environment_that_dies_ends_the_run_with_its_own_words() {
    for panics in [false, true] {
        let settings = find("corridor").unwrap().settings(1);
        let (_, mut learner) = begin("corridor", &settings);
        let mut training = Training::begin(settings, || Box::new(Mortal { steps: 0, panics })).unwrap();
        let error = training.epoch(&mut learner).unwrap_err().to_string();
        let words = if panics { "it panicked" } else { "the emulator has gone" };
        assert!(error.contains(words) && error.contains("agent"), "{error}");
    }
}

#[test]
fn settings_that_cannot_be_are_refused() {
    let good = find("catch").unwrap().settings(1);
    good.check().unwrap();
    let refused = |change: fn(&mut Settings)| {
        let mut settings = good.clone();
        change(&mut settings);
        settings.check().unwrap_err().what
    };
    assert_eq!(refused(|settings| settings.agents = 17), "agents");
    assert_eq!(refused(|settings| settings.agents = 0), "agents");
    assert_eq!(refused(|settings| settings.steps = 0), "steps");
    assert_eq!(refused(|settings| settings.t_max = 0), "t_max");
    assert_eq!(refused(|settings| settings.gamma = f32::NAN), "gamma");
    assert_eq!(refused(|settings| settings.rate = f32::INFINITY), "rate");
    assert_eq!(refused(|settings| settings.optimiser.epsilon = 0.0), "epsilon");
    assert_eq!(refused(|settings| settings.optimiser.clip = Some(-1.0)), "clip");
    assert_eq!(good.rate_at(0), good.rate);
    assert_eq!(good.rate_at(good.steps / 2), good.rate / 2.0);
    assert_eq!(good.rate_at(2 * good.steps), 0.0);
}
