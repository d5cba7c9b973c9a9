//! Shows jobs that run at the same time. On a terminal each has a line that is redrawn; elsewhere each change of state is a line.

use std::io::IsTerminal;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::base::progress::Row;

/// The jobs as they were last shown.
pub struct Board {
    /// `None` where there is no terminal.
    drawn: Option<(MultiProgress, Vec<ProgressBar>)>,
    rows: Vec<Row>,
}

impl Board {
    /// An empty board.
    pub fn new() -> Board {
        let draw = || (MultiProgress::with_draw_target(ProgressDrawTarget::stderr()), Vec::new());
        Board { drawn: std::io::stderr().is_terminal().then(draw), rows: Vec::new() }
    }

    /// Shows the state of all jobs. Returns the lines to print where there is no terminal.
    pub fn update(&mut self, rows: &[Row]) -> Vec<String> {
        let mut lines = Vec::new();
        match &mut self.drawn {
            Some((board, bars)) => {
                while bars.len() < rows.len() {
                    let bar = board.add(ProgressBar::no_length());
                    if let Ok(style) = ProgressStyle::with_template("{wide_msg}") {
                        bar.set_style(style);
                    }
                    bars.push(bar);
                }
                for (bar, row) in bars.iter().zip(rows) {
                    bar.set_message(crate::base::text::printable(&render(row, rows)).replace(['\n', '\t'], " "));
                }
            }
            None => {
                for (index, row) in rows.iter().enumerate().filter(|(_, row)| row.state != "waiting") {
                    if self.rows.get(index).is_none_or(|before| before.state != row.state) {
                        lines.push(render(row, rows));
                    }
                }
            }
        }
        self.rows = rows.to_vec();
        lines
    }

    /// Clears the lines while `print` prints above them.
    pub fn suspend(&self, print: impl FnOnce()) {
        match &self.drawn {
            Some((board, _)) => board.suspend(print),
            None => print(),
        }
    }

    /// Removes the lines. Returns the lines that are still to be printed.
    pub fn end(self) -> Vec<String> {
        let Some((board, bars)) = self.drawn else { return Vec::new() };
        bars.iter().for_each(ProgressBar::finish_and_clear);
        drop(board.clear());
        self.rows.iter().map(|row| render(row, &self.rows)).collect()
    }
}

/// `el9 x86_64  running     12 s  compiling lago`, in columns.
fn render(row: &Row, all: &[Row]) -> String {
    let width = all.iter().map(|row| row.name.chars().count()).max().unwrap_or(0);
    let elapsed = if row.elapsed.is_zero() { String::new() } else { short(row.elapsed) };
    let Row { name, state, detail, .. } = row;
    format!("{name:<width$}  {state:<9}  {elapsed:>7}  {detail}").trim_end().to_owned()
}

/// `0.4 s`, `12 s`, `3m05s`, `1h02m`.
fn short(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..10 => format!("{:.1} s", time.as_secs_f64()),
        10..60 => format!("{seconds} s"),
        60..3600 => format!("{}m{:02}s", seconds / 60, seconds % 60),
        _ => format!("{}h{:02}m", seconds / 3600, seconds / 60 % 60),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_short() {
        for (milliseconds, text) in [(420, "0.4 s"), (12_900, "12 s"), (185_000, "3m05s"), (3_725_000, "1h02m")] {
            assert_eq!(short(Duration::from_millis(milliseconds)), text);
        }
    }

    #[test]
    fn rows_are_aligned() {
        let row = |name: &str, state: &str, seconds| Row {
            name: name.to_owned(),
            state: state.to_owned(),
            detail: "rpmbuild".to_owned(),
            elapsed: Duration::from_secs(seconds),
        };
        let rows = [row("el9 x86_64", "running", 61), row("fc42 aarch64", "kept", 0)];
        assert_eq!(render(&rows[0], &rows), "el9 x86_64    running      1m01s  rpmbuild");
        assert_eq!(render(&rows[1], &rows), "fc42 aarch64  kept                rpmbuild");
    }
}
