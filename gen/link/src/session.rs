//! Requests and their replies: many on the way at once, each done once and in order.

use crate::error::LinkError;
use crate::frame::{request, Decoder, Reply};
use crate::line::Line;
use cortado_arch::link::{Request, Status, FLAG, MOST_DATA, OUT_OF_ORDER, REFUSED, VERSION};
use std::collections::VecDeque;
use std::io;
use std::time::{Duration, Instant};

/// WRITEs on the way at once: enough to hide the delay of a USB bridge.
const WRITES_ON_THE_WAY: usize = 16;
/// A board works on one request and keeps one more; a READ's reply takes longer than the request.
const OTHERS_ON_THE_WAY: usize = 2;
/// Pause between two looks at a running program.
const POLL: Duration = Duration::from_millis(1);

/// How patient a host is.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// How long a reply may take before its request is sent again.
    pub patience: Duration,
    /// How often a request is sent before the board counts as silent.
    pub tries: u32,
    /// Most bytes of data a request or reply carries: the fewer, the less a fault costs. A multiple of the port's width,
    /// at most [`MOST_DATA`].
    pub data: usize,
}

impl Default for Settings {
    fn default() -> Self {
        Settings { patience: Duration::from_millis(500), tries: 10, data: MOST_DATA }
    }
}

/// A request that is to be done.
struct Job {
    kind: Request,
    address: u32,
    data: Vec<u8>,
}

/// A board on a line.
pub struct Link<L> {
    line: L,
    settings: Settings,
    decoder: Decoder,
    arrived: VecDeque<Reply>,
    /// The number of the next request that was not sent before.
    next: u8,
    /// Tells STATUS requests apart.
    greeting: u8,
    state: Status,
}

impl<L: Line> Link<L> {
    /// Finds the board on a line, whatever was going on there before.
    ///
    /// # Errors
    /// The line is gone, or no board of this version answers.
    pub fn greet(line: L, settings: Settings) -> Result<Self, LinkError> {
        let mut link = Link {
            line,
            settings,
            decoder: Decoder::default(),
            arrived: VecDeque::new(),
            next: 0,
            greeting: 0,
            state: Status::default(),
        };
        // Ends whatever frame was left open.
        link.send(&[FLAG, FLAG])?;
        let state = link.status()?;
        if state.version != VERSION {
            return Err(LinkError::Version(state.version));
        }
        Ok(link)
    }

    /// What the board told last: the fields that never change need no new question.
    pub fn known(&self) -> &Status {
        &self.state
    }

    /// The line, for what the link does not do.
    pub fn line(&mut self) -> &mut L {
        &mut self.line
    }

    /// Asks the board for its state.
    ///
    /// # Errors
    /// The line is gone, or the board does not answer.
    pub fn status(&mut self) -> Result<Status, LinkError> {
        for _ in 0..self.settings.tries {
            self.greeting = self.greeting.wrapping_add(1);
            let greeting = self.greeting;
            self.send(&request(Request::Status, greeting, 0, &[]))?;
            let end = self.deadline();
            while let Some(reply) = self.reply(end)? {
                let wanted = reply.kind == Request::Status as u8 && reply.sequence == greeting;
                if let Some(state) = Status::decode(&reply.data).filter(|_| wanted) {
                    self.next = reply.expected;
                    self.state = state;
                    return Ok(state);
                }
            }
        }
        Err(LinkError::Silent { done: 0, tries: self.settings.tries })
    }

    /// Writes `bytes` to the board's memory from `address` on. Both must be multiples of the port's width.
    ///
    /// # Errors
    /// The place is none, the line is gone, or the board stops answering: `done` bytes are written then, and the rest
    /// may follow.
    pub fn write(&mut self, address: u32, bytes: &[u8]) -> Result<(), LinkError> {
        self.check_place(address, bytes.len())?;
        let most = self.settings.data;
        let jobs = (address..).step_by(most).zip(bytes.chunks(most));
        let jobs = jobs.map(|(address, data)| Job { kind: Request::Write, address, data: data.to_vec() });
        self.perform(jobs.collect(), WRITES_ON_THE_WAY).map(|_| ())
    }

    /// Reads `count` bytes of the board's memory from `address` on. Both must be multiples of the port's width.
    ///
    /// # Errors
    /// As [`Link::write`].
    pub fn read(&mut self, address: u32, count: usize) -> Result<Vec<u8>, LinkError> {
        self.check_place(address, count)?;
        let most = self.settings.data;
        let jobs = (address..).step_by(most).zip((0..count).step_by(most));
        let jobs = jobs.map(|(address, from)| Job {
            kind: Request::Read,
            address,
            data: vec![(count - from).min(most) as u8],
        });
        self.perform(jobs.collect(), OTHERS_ON_THE_WAY).map(|data| data.concat())
    }

    /// Starts the program at `address`, which stops being busy when it has ended.
    ///
    /// # Errors
    /// A program runs already, the line is gone, or the board does not answer.
    pub fn start(&mut self, address: u32) -> Result<(), LinkError> {
        self.alone(Request::Start, address)
    }

    /// Stops whatever runs; memory stays as it is.
    ///
    /// # Errors
    /// The line is gone, or the board does not answer.
    pub fn reset(&mut self) -> Result<(), LinkError> {
        self.alone(Request::Reset, 0)
    }

    /// Waits for the program's end.
    ///
    /// # Errors
    /// It did not end within `patience`, the line is gone, or the board does not answer.
    pub fn wait(&mut self, patience: Duration) -> Result<Status, LinkError> {
        let begun = Instant::now();
        loop {
            let state = self.status()?;
            if !state.busy {
                return Ok(state);
            }
            if begun.elapsed() >= patience {
                return Err(LinkError::Running);
            }
            std::thread::sleep(POLL);
        }
    }

    /// When a reply to what is sent now counts as lost; what no clock can show is never.
    fn deadline(&self) -> Option<Instant> {
        Instant::now().checked_add(self.settings.patience)
    }

    fn alone(&mut self, kind: Request, address: u32) -> Result<(), LinkError> {
        self.perform(vec![Job { kind, address, data: Vec::new() }], OTHERS_ON_THE_WAY).map(|_| ())
    }

    fn check_place(&self, address: u32, count: usize) -> Result<(), LinkError> {
        let beat = usize::from(self.state.port_bytes.max(1));
        let size = 1u64 << self.state.memory_bits.min(32);
        let data = self.settings.data;
        if data == 0 || data > MOST_DATA || data % beat != 0 {
            return Err(LinkError::Request(format!(
                "{data} bytes of data a request: it must be a multiple of {beat} from {beat} to {MOST_DATA}"
            )));
        }
        if address as usize % beat != 0 || count % beat != 0 {
            return Err(LinkError::Request(format!(
                "{count} bytes at {address}: the board moves beats of {beat} bytes, so both must be multiples of it"
            )));
        }
        if u64::from(address) + count as u64 > size {
            return Err(LinkError::Request(format!("{count} bytes at {address}: the board's memory has {size} bytes")));
        }
        Ok(())
    }

    /// Does the jobs in their order, `most` of them on the way at once; returns the data of their replies.
    fn perform(&mut self, jobs: Vec<Job>, most: usize) -> Result<Vec<Vec<u8>>, LinkError> {
        let mut work = Work::new(jobs);
        let mut silent = 0;
        while !work.is_done() {
            while let Some((place, job)) = work.next_to_send(most) {
                let sequence = self.next.wrapping_add(place as u8);
                let bytes = request(job.kind, sequence, job.address, &job.data);
                self.send(&bytes)?;
            }
            let end = self.deadline();
            match self.reply(end)? {
                Some(reply) => {
                    let finished = match work.take(&reply, self.next) {
                        // Its number is used up, and so are those of what was sent behind it.
                        Err(refused @ LinkError::Refused(_)) => {
                            self.status()?;
                            return Err(refused);
                        }
                        other => other?,
                    };
                    self.next = self.next.wrapping_add(finished as u8);
                    if finished > 0 {
                        silent = 0;
                    }
                }
                None => {
                    silent += 1;
                    if silent >= self.settings.tries {
                        return Err(LinkError::Silent { done: work.confirmed, tries: silent });
                    }
                    work.go_back(0);
                }
            }
        }
        Ok(work.results)
    }

    fn send(&mut self, bytes: &[u8]) -> Result<(), LinkError> {
        self.line.send(bytes).map_err(|source| LinkError::Port { what: "writing to the board".into(), source })
    }

    /// The next whole reply, if one comes before `end`.
    fn reply(&mut self, end: Option<Instant>) -> Result<Option<Reply>, LinkError> {
        let failed = |source: io::Error| LinkError::Port { what: "reading from the board".into(), source };
        let mut bytes = [0; 512];
        while self.arrived.is_empty() {
            let left = end.map_or(Duration::MAX, |end| end.saturating_duration_since(Instant::now()));
            if left.is_zero() {
                return Ok(None);
            }
            let count = self.line.receive(&mut bytes, left).map_err(failed)?;
            if count == 0 {
                return Ok(None);
            }
            let taken = bytes.get(..count).unwrap_or(&[]);
            self.arrived.extend(taken.iter().filter_map(|&byte| self.decoder.reply(byte)));
        }
        Ok(self.arrived.pop_front())
    }
}

/// Jobs on their way to being done.
struct Work {
    /// Not confirmed yet, in order, each with its place among the results.
    jobs: VecDeque<(usize, Job)>,
    /// How many of them were sent since the last time everything was.
    sent: usize,
    /// Replies that only repeat why everything is sent again are passed over.
    gone_back: bool,
    results: Vec<Vec<u8>>,
    /// Bytes confirmed so far.
    confirmed: usize,
}

impl Work {
    fn new(jobs: Vec<Job>) -> Self {
        let results = jobs.iter().map(|_| Vec::new()).collect();
        Work { jobs: jobs.into_iter().enumerate().collect(), sent: 0, gone_back: false, results, confirmed: 0 }
    }

    fn is_done(&self) -> bool {
        self.jobs.is_empty()
    }

    /// The next job to send, and how many are on the way before it.
    fn next_to_send(&mut self, most: usize) -> Option<(usize, &Job)> {
        let place = self.sent;
        let (_, job) = self.jobs.get(place).filter(|_| place < most)?;
        self.sent += 1;
        Some((place, job))
    }

    /// Sends everything from `place` on again.
    fn go_back(&mut self, place: usize) {
        self.sent = place;
        self.gone_back = true;
    }

    /// Takes a reply to what was numbered from `first` on; tells how many numbers are used up.
    fn take(&mut self, reply: &Reply, first: u8) -> Result<usize, LinkError> {
        if reply.kind & OUT_OF_ORDER != 0 {
            return self.out_of_order(reply.expected.wrapping_sub(first).into());
        }
        let place = usize::from(reply.sequence.wrapping_sub(first));
        let answered = self.jobs.get(place).filter(|_| place < self.sent);
        let Some((_, job)) = answered.filter(|(_, job)| reply.kind & !REFUSED == job.kind as u8) else {
            // Late, of someone else's request, or nonsense.
            return Ok(0);
        };
        if reply.kind & REFUSED != 0 {
            let what = format!("{:?} at {}", job.kind, job.address).to_uppercase();
            return Err(LinkError::Refused(what));
        }
        if job.kind == Request::Read
            && reply.data.len() != job.data.iter().map(|&count| usize::from(count)).sum::<usize>()
        {
            return Ok(0);
        }
        self.gone_back = false;
        self.unanswered(place);
        if let Some((at, job)) = self.jobs.pop_front() {
            self.confirmed += job.data.len().max(reply.data.len());
            if let Some(result) = self.results.get_mut(at) {
                result.clone_from(&reply.data);
            }
        }
        self.sent = self.sent.saturating_sub(place + 1);
        Ok(place + 1)
    }

    /// The board did the first `done` jobs and then missed one.
    fn out_of_order(&mut self, done: usize) -> Result<usize, LinkError> {
        if done > self.sent {
            // Numbers just behind the first are those of jobs long confirmed: a late reply.
            return if done > usize::from(u8::MAX / 2) { Ok(0) } else { Err(LinkError::Lost { done: self.confirmed }) };
        }
        if done == 0 && self.gone_back {
            return Ok(0);
        }
        self.unanswered(done);
        self.go_back(0);
        Ok(done)
    }

    /// The first `count` jobs were done and their replies lost. What a READ brought must be asked for again.
    fn unanswered(&mut self, count: usize) {
        for _ in 0..count {
            let Some((at, job)) = self.jobs.pop_front() else { return };
            if job.kind == Request::Read {
                self.jobs.push_back((at, job));
            } else {
                self.confirmed += job.data.len();
            }
        }
    }
}
