//! The process of one invocation: started, fed, listened to, watched, ended.

use std::collections::VecDeque;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use serde::Deserialize;

use super::cage::Cage;

/// How much of what a function prints is kept, in bytes: the end of it.
const KEPT: usize = 1 << 20;
/// The largest answer the bootstrap sends, with room for what describes an error.
const LARGEST: usize = 8 << 20;
/// How often the process is looked at.
const TICK: Duration = Duration::from_millis(10);
/// How long the streams of a process that has ended may stay open: something it started may still hold them.
const GRACE: Duration = Duration::from_millis(300);

/// What a process may use.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// For everything before the handler is called.
    pub(super) init: Duration,
    /// For the handler.
    pub(super) timeout: Duration,
    /// Memory of its own, in bytes.
    pub(super) memory: u64,
}

/// How an invocation ended.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum End {
    /// The handler returned (`ok`) or failed, with what the caller gets.
    Answered {
        /// Whether the handler returned.
        ok: bool,
        /// JSON.
        payload: Vec<u8>,
    },
    /// The process ended without an answer: its exit status, or the signal that killed it.
    Exited(String),
    /// It ran longer than it may.
    TimedOut,
    /// It used more memory than it may.
    OutOfMemory,
}

/// What is known of an invocation afterwards.
#[derive(Debug)]
pub(super) struct Run {
    /// How it ended.
    pub(super) end: End,
    /// What it printed, as far as it was kept.
    pub(super) printed: Vec<u8>,
    /// How many bytes before that were not kept.
    pub(super) cut: u64,
    /// The time before the handler was called; all of it when it never was.
    pub(super) init: Duration,
    /// The time of the handler.
    pub(super) took: Duration,
    /// The most memory it used, in bytes, where the system tells.
    pub(super) memory: u64,
}

/// A message of the bootstrap.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Message {
    Ended {
        ok: bool,
        init: f64,
        took: f64,
        length: usize,
    },
    Ready {
        #[expect(dead_code, reason = "only its name matters")]
        ready: bool,
    },
}

/// What the bootstrap has said.
enum Heard {
    Ready,
    Ended { ok: bool, init: Duration, took: Duration, payload: Vec<u8> },
}

/// Runs `command` in `cage` until it ends or has to be ended, also because it became `unwanted`. `input` is what it
/// reads on stdin. Blocks.
pub(super) fn run(
    command: &mut Command,
    cage: &Cage,
    input: Vec<u8>,
    limits: Limits,
    unwanted: &AtomicBool,
) -> io::Result<Run> {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    #[cfg(unix)]
    {
        use std::os::unix::process::CommandExt as _;
        command.process_group(0);
    }
    let mut child = Running { child: cage.spawn(command)?, ended: false };
    let (Some(stdin), Some(stdout), Some(stderr)) =
        (child.child.stdin.take(), child.child.stdout.take(), child.child.stderr.take())
    else {
        return Err(io::Error::other("the process has no streams"));
    };
    feed(stdin, input);
    let heard = listen(stdout);
    let log = Log::of(stderr);
    let watched = watch(&mut child, &heard, limits, unwanted);
    child.end();
    let (printed, cut) = log.close();
    let Watched { end, init, took, memory } = watched;
    Ok(Run { end, printed, cut, init, took, memory })
}

/// What the watch found.
struct Watched {
    end: End,
    init: Duration,
    took: Duration,
    memory: u64,
}

/// Waits for the end, and decides it when a limit is passed.
fn watch(child: &mut Running, heard: &Receiver<Heard>, limits: Limits, unwanted: &AtomicBool) -> Watched {
    let born = Instant::now();
    let mut called: Option<Instant> = None;
    let mut memory = 0;
    let end = loop {
        match heard.recv_timeout(TICK) {
            Ok(Heard::Ready) => called = Some(Instant::now()),
            Ok(Heard::Ended { ok, init, took, payload }) => {
                memory = memory.max(child.memory().peak);
                return Watched { end: End::Answered { ok, payload }, init, took, memory };
            }
            Err(RecvTimeoutError::Disconnected) => break End::Exited(child.status()),
            Err(RecvTimeoutError::Timeout) => {}
        }
        let used = child.memory();
        memory = memory.max(used.peak);
        if used.own > limits.memory {
            break End::OutOfMemory;
        }
        let late = match called {
            Some(called) => called.elapsed() >= limits.timeout,
            None => born.elapsed() >= limits.init,
        };
        if late {
            break End::TimedOut;
        }
        if unwanted.load(Ordering::Relaxed) {
            break End::Exited("signal: killed".to_owned());
        }
    };
    let init = called.map_or_else(|| born.elapsed(), |called| called.duration_since(born));
    let took = called.map_or(Duration::ZERO, |called| called.elapsed());
    Watched { end, init, took, memory }
}

/// A process that is ended, with all that it started in its group, when this value is dropped.
struct Running {
    child: Child,
    ended: bool,
}

/// Memory of a process, in bytes.
#[derive(Default)]
struct Memory {
    /// What it has for itself now.
    own: u64,
    /// The most it had, with the files it maps.
    peak: u64,
}

impl Running {
    /// Ends the process when it does not end by itself soon, and says how it ended.
    fn status(&mut self) -> String {
        let closed = Instant::now();
        while !self.has_ended() && closed.elapsed() < GRACE {
            thread::yield_now();
        }
        self.end().map_or_else(|| "signal: killed".to_owned(), described)
    }

    /// Tells whether the process has ended, without taking its status: as long as that is not taken, its id, which
    /// is its group's, belongs to nobody else.
    #[cfg(unix)]
    fn has_ended(&mut self) -> bool {
        use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};
        let options = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        let id = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw);
        id.is_none_or(|id| !matches!(waitid(WaitId::Pid(id), options), Ok(None)))
    }

    /// Tells whether the process has ended.
    #[cfg(not(unix))]
    fn has_ended(&mut self) -> bool {
        !matches!(self.child.try_wait(), Ok(None))
    }

    /// Ends the process and its group, once, and returns how the process had ended.
    fn end(&mut self) -> Option<ExitStatus> {
        if std::mem::replace(&mut self.ended, true) {
            return None;
        }
        #[cfg(unix)]
        if let Some(group) = i32::try_from(self.child.id()).ok().and_then(rustix::process::Pid::from_raw) {
            let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
        }
        let _ = self.child.kill();
        self.child.wait().ok()
    }

    /// Returns what memory the process uses, where the system tells.
    fn memory(&self) -> Memory {
        let text = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        let kilobytes = |name: &str| {
            let line = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
            line.and_then(|line| line.trim().strip_suffix(" kB")?.parse::<u64>().ok()).unwrap_or(0)
        };
        Memory { own: kilobytes("RssAnon") << 10, peak: kilobytes("VmHWM") << 10 }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.end();
    }
}

/// Says how a process ended, as Lambda does.
fn described(status: ExitStatus) -> String {
    #[cfg(unix)]
    {
        use std::os::unix::process::ExitStatusExt as _;
        match status.signal() {
            Some(9) => return "signal: killed".to_owned(),
            Some(11) => return "signal: segmentation fault".to_owned(),
            Some(6) => return "signal: aborted".to_owned(),
            Some(signal) => return format!("signal: {signal}"),
            None => {}
        }
    }
    format!("exit status {}", status.code().unwrap_or_default())
}

/// Writes what the process reads. It may end without having read all of it.
fn feed(mut stdin: ChildStdin, input: Vec<u8>) {
    thread::spawn(move || {
        let _ = stdin.write_all(&input);
    });
}

/// Reads the bootstrap's messages. The channel closes when the process has said everything or ended.
fn listen(stdout: ChildStdout) -> Receiver<Heard> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let _ = hear(&mut BufReader::new(stdout), &sender);
    });
    receiver
}

/// Reads messages until the last one, or until something else comes.
fn hear(stream: &mut BufReader<ChildStdout>, sender: &Sender<Heard>) -> io::Result<()> {
    loop {
        let mut line = Vec::new();
        stream.by_ref().take(4096).read_until(b'\n', &mut line)?;
        let heard = match serde_json::from_slice(&line)? {
            Message::Ready { .. } => Heard::Ready,
            Message::Ended { ok, init, took, length } => {
                let mut payload = vec![0; length.min(LARGEST)];
                stream.read_exact(&mut payload)?;
                let seconds = |value| Duration::try_from_secs_f64(value).unwrap_or_default();
                Heard::Ended { ok, init: seconds(init), took: seconds(took), payload }
            }
        };
        let last = matches!(heard, Heard::Ended { .. });
        if sender.send(heard).is_err() || last {
            return Ok(());
        }
    }
}

/// What a process prints, as it comes.
struct Log {
    tail: Arc<Mutex<Tail>>,
    closed: Arc<AtomicBool>,
    finished: Receiver<()>,
}

/// The end of a stream.
#[derive(Default)]
struct Tail {
    bytes: VecDeque<u8>,
    cut: u64,
}

impl Tail {
    /// Takes more in, and lets go of the oldest.
    fn push(&mut self, part: &[u8]) {
        self.bytes.extend(part);
        let surplus = self.bytes.len().saturating_sub(KEPT);
        self.bytes.drain(..surplus);
        self.cut += surplus as u64;
    }
}

impl Log {
    /// Starts to read.
    fn of(mut stderr: ChildStderr) -> Self {
        let (tail, closed) = (Arc::new(Mutex::new(Tail::default())), Arc::new(AtomicBool::new(false)));
        let (done, finished) = mpsc::channel();
        let (into, stop) = (tail.clone(), closed.clone());
        thread::spawn(move || {
            let mut buffer = [0; 16 << 10];
            while !stop.load(Ordering::Relaxed)
                && let Ok(read @ 1..) = stderr.read(&mut buffer)
            {
                into.lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .push(buffer.get(..read).unwrap_or_default());
            }
            let _ = done.send(());
        });
        Self { tail, closed, finished }
    }

    /// Returns what was printed and how much was lost before it.
    fn close(self) -> (Vec<u8>, u64) {
        // A process that left the group may still hold the stream; it is not waited for.
        let _ = self.finished.recv_timeout(GRACE);
        self.closed.store(true, Ordering::Relaxed);
        let mut tail = self.tail.lock().unwrap_or_else(PoisonError::into_inner);
        (std::mem::take(&mut tail.bytes).into(), tail.cut)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tail_of_a_long_stream_is_kept() {
        let mut tail = Tail::default();
        tail.push(&vec![b'a'; KEPT]);
        tail.push(b"end");
        assert_eq!((tail.bytes.len(), tail.cut), (KEPT, 3));
        assert_eq!(tail.bytes.iter().rev().take(3).rev().copied().collect::<Vec<_>>(), b"end");
    }
}
