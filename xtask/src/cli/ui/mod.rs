//! The terminal: results, progress, warnings, errors, colour. Nothing else prints.
//!
//! Results go to standard output, everything else to standard error, so that `$(cargo xtask version)` always works.

mod board;

use std::fmt::Write as _;
use std::io::{ErrorKind, IsTerminal, Write};
use std::str::FromStr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use crate::base::error::Failure;
use crate::base::github::without_command_lines;
use crate::base::progress::{Progress, Row};
use crate::base::text::{one_line, printable};
use crate::cli::ci_system;
use crate::cli::full_disk;
use crate::cli::overview_text::TextStyle;
use board::Board;

/// When to use colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Color {
    /// On a terminal, unless NO_COLOR is set.
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

impl FromStr for Color {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Color, String> {
        match text {
            "auto" => Ok(Color::Auto),
            "always" => Ok(Color::Always),
            "never" => Ok(Color::Never),
            _ => Err("it is `auto`, `always` or `never`".to_owned()),
        }
    }
}

/// How much is printed beside the results.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Talk {
    /// Progress, notes and summaries.
    Normal,
    /// Warnings and errors only.
    Quiet,
}

/// Work that is shorter shows no progress.
const SHORT_WORK: Duration = Duration::from_millis(200);

/// Standard output and standard error, whether or not they are a terminal.
pub struct Ui {
    talk: Talk,
    colored: bool,
    /// Whether results are in colour, too.
    colored_results: bool,
    phase: Mutex<Option<Phase>>,
    board: Mutex<Option<Board>>,
}

/// A phase of work.
struct Phase {
    what: String,
    total: Option<u64>,
    began: Instant,
    done: u64,
    shown: Shown,
}

/// How a phase is shown.
enum Shown {
    /// Not yet: it has not lasted a [`SHORT_WORK`].
    Not,
    /// As a bar or a spinner, on a terminal.
    Bar(ProgressBar),
    /// As a line, elsewhere.
    Line,
}

impl Ui {
    /// Reads NO_COLOR and the kind of standard error, once.
    pub fn new(talk: Talk, color: Color) -> Ui {
        let is_wanted = |is_terminal: bool| match color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => is_terminal && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty()),
        };
        let colored = is_wanted(std::io::stderr().is_terminal());
        let colored_results = is_wanted(std::io::stdout().is_terminal());
        Ui { talk, colored, colored_results, phase: Mutex::new(None), board: Mutex::new(None) }
    }

    /// Prints a result to standard output; what steers a terminal is escaped. A closed pipe is no error.
    pub fn print(&self, result: &str) -> Result<()> {
        self.print_exactly(&printable(result))
    }

    /// Prints the content of a file to standard output, unchanged. A closed pipe is no error.
    pub fn print_exactly(&self, result: &str) -> Result<()> {
        let mut out = std::io::stdout().lock();
        match out.write_all(result.as_bytes()).and_then(|()| out.flush()) {
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
            printed => printed.context("cannot write to standard output"),
        }
    }

    /// Prints a table to standard output unless `--quiet`: columns padded to their widest cell.
    pub fn print_table<const N: usize>(&self, rows: &[[String; N]]) -> Result<()> {
        if self.talk == Talk::Quiet {
            return Ok(());
        }
        self.print(&render_table(rows))
    }

    /// Prints a note to standard error, unless `--quiet`.
    pub fn note(&self, message: &str) {
        if self.talk == Talk::Normal {
            self.say(&printable(message));
        }
    }

    /// Prints an error with its causes, and the details and the help of the first [`Failure`] in the chain that has them.
    pub fn error(&self, error: &anyhow::Error) {
        // The alternative form joins the chain of causes with colons.
        let message = printable(&format!("{error:#}"));
        self.say(&format!("{} {message}", self.paint("1;31", "error:")));
        let with_details = |failure: &&Failure| failure.details.is_some();
        let failure = error.chain().filter_map(|cause| cause.downcast_ref::<Failure>()).find(with_details);
        for line in failure.map_or(Vec::new(), ci_system::details_of) {
            self.say(format!("  {}", printable(&line)).trim_end());
        }
        for line in full_disk::help_of(error).unwrap_or_default().lines() {
            self.say(&format!("{} {}", self.paint("1;36", "help:"), printable(line)));
        }
    }

    /// How a result for people is printed: as wide as the terminal, in colour.
    pub fn text_style(&self) -> TextStyle {
        let columns = rustix::termios::tcgetwinsize(std::io::stdout()).ok().map(|size| usize::from(size.ws_col));
        TextStyle { columns: columns.filter(|columns| *columns > 0), colored: self.colored_results }
    }

    /// Whether only results, warnings and errors are printed.
    pub fn is_quiet(&self) -> bool {
        self.talk == Talk::Quiet
    }

    /// Whether the state of parallel jobs is drawn, on a terminal.
    pub fn draws_boards(&self) -> bool {
        !self.is_quiet() && std::io::stderr().is_terminal()
    }

    /// Whether standard output is a terminal.
    pub fn stdout_is_terminal(&self) -> bool {
        std::io::stdout().is_terminal()
    }

    fn paint(&self, style: &str, text: &str) -> String {
        if self.colored { format!("\x1b[{style}m{text}\x1b[0m") } else { text.to_owned() }
    }

    /// Prints a line to standard error, above a bar that is shown. If standard error is closed or full, the line is lost: the
    /// work and the results do not depend on it.
    fn say(&self, line: &str) {
        let line = without_command_lines(line);
        let print = || drop(std::io::stderr().write_all(format!("{line}\n").as_bytes()));
        if let Some(board) = self.board.lock().unwrap_or_else(PoisonError::into_inner).as_ref() {
            return board.suspend(print);
        }
        match self.phase.lock().unwrap_or_else(PoisonError::into_inner).as_ref().map(|phase| &phase.shown) {
            Some(Shown::Bar(bar)) => bar.suspend(print),
            _ => print(),
        }
    }

    fn with_phase(&self, act: impl FnOnce(&mut Option<Phase>)) {
        act(&mut self.phase.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

impl Progress for Ui {
    fn begin(&self, what: &str, total: Option<u64>) {
        if self.talk == Talk::Normal {
            let phase = Phase { what: one_line(what), total, began: Instant::now(), done: 0, shown: Shown::Not };
            self.with_phase(|current| *current = Some(phase));
        }
    }

    fn advance(&self, count: u64) {
        let mut line = None;
        self.with_phase(|phase| {
            let Some(phase) = phase else { return };
            phase.done += count;
            match &phase.shown {
                Shown::Bar(bar) => bar.set_position(phase.done),
                Shown::Not if phase.began.elapsed() > SHORT_WORK => {
                    if std::io::stderr().is_terminal() {
                        phase.shown = Shown::Bar(draw_bar(phase));
                    } else {
                        let count = phase.total.map(|total| format!(" ({total})")).unwrap_or_default();
                        line = Some(format!("{}{count}", phase.what));
                        phase.shown = Shown::Line;
                    }
                }
                Shown::Not | Shown::Line => {}
            }
        });
        if let Some(line) = line {
            self.say(&line);
        }
    }

    fn end(&self) {
        self.with_phase(|phase| {
            if let Some(Phase { shown: Shown::Bar(bar), .. }) = phase.take() {
                bar.finish_and_clear();
            }
        });
    }

    fn board(&self, rows: &[Row]) {
        if self.talk == Talk::Normal {
            let mut board = self.board.lock().unwrap_or_else(PoisonError::into_inner);
            let lines = board.get_or_insert_with(Board::new).update(rows);
            drop(board);
            lines.iter().for_each(|line| self.say(&printable(line)));
        }
    }

    fn end_board(&self) {
        let board = self.board.lock().unwrap_or_else(PoisonError::into_inner).take();
        board.map(Board::end).into_iter().flatten().for_each(|line| self.say(&printable(&line)));
    }

    fn warn(&self, message: &str) {
        self.say(&format!("{} {}", self.paint("1;33", "warning:"), printable(message)));
    }
}

/// A bar where the total is known, else a spinner; both with count and rate.
fn draw_bar(phase: &Phase) -> ProgressBar {
    let bar =
        ProgressBar::with_draw_target(phase.total, ProgressDrawTarget::stderr()).with_elapsed(phase.began.elapsed());
    let template = match phase.total {
        Some(_) => "{msg} {wide_bar:.cyan} {human_pos}/{human_len} {rate}",
        None => "{spinner} {msg} {human_pos} {rate}",
    };
    if let Ok(style) = ProgressStyle::with_template(template) {
        let rate = |state: &ProgressState, text: &mut dyn std::fmt::Write| {
            _ = write!(text, "{:.0}/s", state.pos() as f64 / state.elapsed().as_secs_f64())
        };
        bar.set_style(style.with_key("rate", rate));
    }
    bar.set_message(phase.what.clone());
    bar.set_position(phase.done);
    bar
}

fn render_table<const N: usize>(rows: &[[String; N]]) -> String {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let widths: [usize; N] = std::array::from_fn(width);
    let mut table = String::new();
    for row in rows {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(widths) {
            // Numbers are aligned to the right: cells that begin with a digit and are shorter than a digest.
            let number = cell.len() < 16 && cell.starts_with(|first: char| first.is_ascii_digit());
            // Writing to a string cannot fail.
            _ = if number { write!(line, "{cell:>width$}  ") } else { write!(line, "{cell:<width$}  ") };
        }
        table.push_str(line.trim_end());
        table.push('\n');
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_aligned() {
        let rows =
            [["lago-1.0.4.zip", "1.4 MB", "abc"], ["SHA256SUMS", "811 B", "defg"]].map(|row| row.map(str::to_owned));
        assert_eq!(render_table(&rows), "lago-1.0.4.zip  1.4 MB  abc\nSHA256SUMS       811 B  defg\n");
    }
}
