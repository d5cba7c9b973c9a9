//! The parts of a Markdown document that the tests look at: code blocks, hidden commands, code spans, links.

/// A part of a document that is carried out or checked, in the order of the document.
pub enum Part {
    /// A code block.
    Block(CodeBlock),
    /// A command in a comment, `<!-- run: COMMAND -->`: it is run, and a reader does not see it.
    Hidden(String),
}

/// A code block.
pub struct CodeBlock {
    /// The word after the fence; empty for none.
    pub language: String,
    /// The lines between the fences.
    pub lines: Vec<String>,
}

/// A command after a `$ `, and the lines below it.
pub struct ShownCommand {
    /// The command, with a comment at its end if there is one.
    pub command: String,
    /// Lines of its output.
    pub output: Vec<String>,
}

impl CodeBlock {
    /// The file that the block shows: the path in its first line `# PATH`, if the block is no console.
    pub fn file(&self) -> Option<&str> {
        let path = self.lines.first()?.strip_prefix("# ")?;
        let is_path = path.contains('/') && !path.contains(' ');
        (is_path && ["toml", "spec"].contains(&self.language.as_str())).then_some(path)
    }

    /// The commands of a console.
    pub fn commands(&self) -> Vec<ShownCommand> {
        let mut commands: Vec<ShownCommand> = Vec::new();
        for line in &self.lines {
            if let Some(command) = line.strip_prefix("$ ") {
                commands.push(ShownCommand { command: command.to_owned(), output: Vec::new() });
            } else if let Some(last) = commands.last_mut() {
                last.output.push(line.clone());
            }
        }
        commands
    }
}

/// The blocks and hidden commands of a document, in order.
pub fn parts(text: &str) -> Vec<Part> {
    let mut parts = Vec::new();
    let mut block: Option<CodeBlock> = None;
    for line in text.lines() {
        match (line.trim_start().strip_prefix("```"), block.take()) {
            (Some(language), None) => block = Some(CodeBlock { language: language.to_owned(), lines: Vec::new() }),
            (Some(_), Some(whole)) => parts.push(Part::Block(whole)),
            (None, Some(mut begun)) => {
                begun.lines.push(line.to_owned());
                block = Some(begun);
            }
            (None, None) => {
                let hidden = line.strip_prefix("<!-- run: ").and_then(|rest| rest.strip_suffix(" -->"));
                parts.extend(hidden.map(|command| Part::Hidden(command.to_owned())));
            }
        }
    }
    assert!(block.is_none(), "a code block has no end");
    parts
}

/// The code blocks of a document.
pub fn blocks(text: &str) -> Vec<CodeBlock> {
    let blocks = parts(text).into_iter().filter_map(|part| match part {
        Part::Block(block) => Some(block),
        Part::Hidden(_) => None,
    });
    blocks.collect()
}

/// The document without its code blocks.
fn prose(text: &str) -> String {
    let mut prose = String::new();
    let mut is_code = false;
    for line in text.lines() {
        let is_fence = line.trim_start().starts_with("```");
        is_code ^= is_fence;
        if !is_code && !is_fence {
            prose.push_str(line);
            prose.push('\n');
        }
    }
    prose
}

/// The code spans of a document, outside of its code blocks.
pub fn spans(text: &str) -> Vec<String> {
    prose(text).split('`').skip(1).step_by(2).map(|span| span.replace('\n', " ")).collect()
}

/// The targets of the links of a document.
pub fn links(text: &str) -> Vec<String> {
    prose(text).split("](").skip(1).filter_map(|rest| rest.split(')').next()).map(str::to_owned).collect()
}

/// The names of the headings of a document, as links name them.
pub fn anchors(text: &str) -> Vec<String> {
    let prose = prose(text);
    let headings = prose.lines().filter(|line| line.starts_with('#'));
    let anchor = |heading: &str| {
        let plain = heading.trim_start_matches('#').trim().to_lowercase().replace(' ', "-");
        plain.chars().filter(|letter| letter.is_alphanumeric() || "-_".contains(*letter)).collect()
    };
    headings.map(anchor).collect()
}

/// The rows of the tables of a document, as cells without the blanks around them.
pub fn rows(text: &str) -> Vec<Vec<String>> {
    let prose = prose(text);
    let rows = prose.lines().filter_map(|line| line.strip_prefix('|')?.strip_suffix('|'));
    rows.map(|row| row.split('|').map(|cell| cell.trim().to_owned()).collect()).collect()
}
