//! How GitHub Actions reads the output of a step.

/// The lines that GitHub takes for commands: those that begin with `::`, after blanks, and those that contain `##[`; none
/// after `::stop-commands::TOKEN` and before `::TOKEN::`.
#[track_caller]
pub fn github_commands(text: &str) -> Vec<&str> {
    let mut token: Option<String> = None;
    let mut commands = Vec::new();
    for line in text.lines() {
        let command = line.trim_start();
        match &token {
            Some(stopped) if command == format!("::{stopped}::") => token = None,
            Some(_) => {}
            None if command.starts_with("::stop-commands::") => {
                token = Some(command.trim_start_matches("::stop-commands::").to_owned());
            }
            None if command.starts_with("::") || command.contains("##[") => commands.push(command),
            None => {}
        }
    }
    assert_eq!(token, None, "commands are read again at the end");
    commands
}
