//! The only file that prints. Data goes to stdout; progress, questions, warnings, hints and errors to stderr.
//! Colour never carries meaning alone, and follows `--color`, `NO_COLOR` and `CLICOLOR_FORCE`.

use std::io::{self, BufRead as _, IsTerminal as _, Write};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::env;
use crate::error::Error;
use crate::source::{Diagnostic, render};

/// When to colour.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum ColorChoice {
    /// On a terminal, unless `NO_COLOR` says otherwise.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// The streams of one run. Clones write to the same ones.
#[derive(Debug, Clone)]
pub struct Ui {
    color_out: bool,
    color_err: bool,
    terminal: bool,
    bar: Arc<Mutex<Option<ProgressBar>>>,
    unwritten: Arc<Mutex<Option<io::Error>>>,
}

/// Styles by meaning.
#[derive(Debug, Clone, Copy)]
pub enum Tone {
    /// Something made, something good.
    Good,
    /// Something changed, something to look at.
    Change,
    /// Something deleted, something bad.
    Bad,
    /// Something of less weight.
    Dim,
    /// Something of more weight.
    Strong,
}

impl Tone {
    const fn style(self) -> Style {
        match self {
            Self::Good => AnsiColor::Green.on_default(),
            Self::Change => AnsiColor::Yellow.on_default(),
            Self::Bad => AnsiColor::Red.on_default(),
            Self::Dim => Style::new().dimmed(),
            Self::Strong => Style::new().bold(),
        }
    }
}

impl Ui {
    /// Looks at the streams and the environment.
    pub fn new(choice: ColorChoice) -> Self {
        let wanted = |is_terminal: bool| match choice {
            ColorChoice::Always => true,
            ColorChoice::Never => false,
            ColorChoice::Auto => {
                env::get(env::NO_COLOR).is_none()
                    && (is_terminal || env::get(env::CLICOLOR_FORCE).is_some_and(|value| value != "0"))
            }
        };
        Self {
            color_out: wanted(io::stdout().is_terminal()),
            color_err: wanted(io::stderr().is_terminal()),
            terminal: io::stderr().is_terminal(),
            bar: Arc::default(),
            unwritten: Arc::default(),
        }
    }

    /// Colours a piece of data.
    pub fn paint(&self, tone: Tone, text: &str) -> String {
        if self.color_out { styled(tone, text) } else { text.to_owned() }
    }

    /// Writes data to stdout, followed by a line end.
    pub fn data(&self, text: &str) {
        self.keep(try_line(&mut io::stdout().lock(), text));
    }

    /// Writes data to stdout as it is, with nothing after it.
    pub fn exact(&self, bytes: &[u8]) {
        let mut out = io::stdout().lock();
        self.keep(out.write_all(bytes).and_then(|()| out.flush()));
    }

    fn keep(&self, written: io::Result<()>) {
        // A reader that went away (`| head`) is not an error.
        if let Some(error) = written.err().filter(|error| error.kind() != io::ErrorKind::BrokenPipe) {
            self.unwritten.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
        }
    }

    /// Returns why data could not be written, if it could not, as on a full disk.
    pub fn unwritten(&self) -> Option<io::Error> {
        self.unwritten.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    /// Writes a line about what is going on to stderr, above a progress bar if there is one.
    pub fn status(&self, text: &str) {
        let bar = self.bar.lock().unwrap_or_else(PoisonError::into_inner);
        match bar.as_ref() {
            Some(bar) => bar.suspend(|| write_line(&mut io::stderr().lock(), text)),
            None => write_line(&mut io::stderr().lock(), text),
        }
    }

    /// Writes a labelled line to stderr: `warning: …`.
    fn labelled(&self, tone: Tone, label: &str, text: &str) {
        let label = if self.color_err { styled(tone, label) } else { label.to_owned() };
        self.status(&format!("{label}: {text}"));
    }

    /// Writes a warning.
    pub fn warn(&self, text: &str) {
        self.labelled(Tone::Change, "warning", text);
    }

    /// Writes what to do next.
    pub fn hint(&self, text: &str) {
        self.labelled(Tone::Good, "hint", text);
    }

    /// Writes an error, its causes and its hints.
    pub fn error(&self, error: &Error) {
        let mut text = error.to_string();
        let mut source = std::error::Error::source(error);
        while let Some(cause) = source {
            let cause_text = cause.to_string();
            if !text.contains(&cause_text) {
                text.push_str(": ");
                text.push_str(&cause_text);
            }
            source = cause.source();
        }
        self.labelled(Tone::Bad, "error", &text);
        for hint in error.hints() {
            self.hint(hint);
        }
    }

    /// Writes what is wrong with a file.
    pub fn diagnostics(&self, diagnostics: &[Diagnostic]) {
        self.status(render(diagnostics, self.color_err).trim_end());
    }

    /// Asks a yes-or-no question on the terminal. `None` when there is nobody to ask.
    pub fn confirm(&self, question: &str) -> Option<bool> {
        if !(self.terminal && io::stdin().is_terminal()) {
            return None;
        }
        let mut stderr = io::stderr().lock();
        let asked = write!(stderr, "{question} [y/N] ").and_then(|()| stderr.flush());
        let mut answer = String::new();
        let read = asked.and_then(|()| io::stdin().lock().read_line(&mut answer));
        Some(read.is_ok() && matches!(answer.trim(), "y" | "Y" | "yes"))
    }

    /// Shows a bar for `length` steps on a terminal; elsewhere lines tell the same story.
    pub fn begin_progress(&self, length: usize) {
        if !self.terminal || length == 0 {
            return;
        }
        let bar = ProgressBar::new(u64::try_from(length).unwrap_or(u64::MAX));
        bar.set_draw_target(ProgressDrawTarget::stderr());
        // A few steps are over before it can be told how long they take.
        let template = match length {
            ..10 => "{spinner} [{bar:24}] {pos}/{len} {wide_msg}",
            _ => "{spinner} [{bar:24}] {pos}/{len}, {eta} left {wide_msg}",
        };
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.enable_steady_tick(Duration::from_millis(120));
        *self.bar.lock().unwrap_or_else(PoisonError::into_inner) = Some(bar);
    }

    /// Says what the bar stands at.
    pub fn progress_message(&self, text: &str) {
        if let Some(bar) = self.bar.lock().unwrap_or_else(PoisonError::into_inner).as_ref() {
            bar.set_message(text.to_owned());
        }
    }

    /// Moves the bar by one step.
    pub fn advance(&self) {
        if let Some(bar) = self.bar.lock().unwrap_or_else(PoisonError::into_inner).as_ref() {
            bar.inc(1);
        }
    }

    /// Takes the bar away.
    pub fn end_progress(&self) {
        if let Some(bar) = self.bar.lock().unwrap_or_else(PoisonError::into_inner).take() {
            bar.finish_and_clear();
        }
    }

    /// Tells whether there is a terminal to show a bar on.
    pub const fn shows_progress(&self) -> bool {
        self.terminal
    }

    /// Tells whether data and status end on the same screen, where telling something on both is telling it twice.
    pub fn is_one_screen(&self) -> bool {
        self.terminal && io::stdout().is_terminal()
    }
}

fn styled(tone: Tone, text: &str) -> String {
    let style = tone.style();
    format!("{style}{text}{style:#}")
}

/// Writes a line to people. When there is nobody to tell, there is nobody to tell that either.
fn write_line(stream: &mut impl Write, text: &str) {
    let _ = try_line(stream, text);
}

fn try_line(stream: &mut impl Write, text: &str) -> io::Result<()> {
    stream.write_all(text.as_bytes())?;
    stream.write_all(b"\n")?;
    stream.flush()
}
