//! The token for a forge: from the environment, or from a file that only its owner may read.

use std::fs::File;
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::{Context, Result};

use crate::base::error::{Exit, Failure, committed};
use crate::base::files::from_home;
use crate::base::secret::{Secret, SecretFault};
use crate::base::text::shell_word;
use crate::project::config::{ForgeKind, TokenFile};

/// The variable for any forge.
const ANY: &str = "RELENG_FORGE_TOKEN";

/// The variables that can hold a token. No step of the CI process gets them.
pub const TOKEN_VARIABLES: [&str; 4] = [ANY, "GITHUB_TOKEN", "GITLAB_TOKEN", "FORGEJO_TOKEN"];

/// The longest file that can be a token.
const LONGEST: u64 = 4096;

/// The token: that of `RELENG_FORGE_TOKEN`, else that in the configured file, else that of the forge's own variable. The file goes before the
/// latter, because a CI system sets that one for other purposes too.
///
/// Errors: there is none (exit 3); it is not a token, or others may read the file (exit 2).
pub fn find_token(
    kind: ForgeKind,
    file: Option<&TokenFile>,
    variable: &dyn Fn(&str) -> Option<String>,
) -> Result<Secret> {
    let own = match kind {
        ForgeKind::Github => "GITHUB_TOKEN",
        ForgeKind::Gitlab => "GITLAB_TOKEN",
        ForgeKind::Forgejo => "FORGEJO_TOKEN",
    };
    let stated = |name: &str| variable(name).filter(|value| !value.trim().is_empty());
    if let Some(value) = stated(ANY) {
        return Ok(parse(&value, &format!("the variable `{ANY}`"))?);
    }
    if let Some(file) = file {
        return read_file(Path::new(&from_home(file.as_str())));
    }
    match stated(own) {
        Some(value) => Ok(parse(&value, &format!("the variable `{own}`"))?),
        None => Err(Failure::new(Exit::NotAllowed, format!("there is no token for {kind}"))
            .help(format!("set `{ANY}` or `{own}`, or write the token into a file and name it in `ci.token-file`; docs/forges.md says how a token is made"))
            .into()),
    }
}

fn read_file(path: &Path) -> Result<Secret> {
    let shown = path.display();
    let mut file = File::open(path).map_err(|error| {
        Failure::new(Exit::Usage, format!("cannot read the token in `{shown}`: {error}"))
            .help(committed("write the token into that file, or change `ci.token-file`"))
    })?;
    let about = file.metadata().with_context(|| format!("cannot read `{shown}`"))?;
    if !about.is_file() || about.len() > LONGEST {
        return Err(Failure::new(Exit::Usage, format!("`{shown}` is not a file with a token"))
            .help(committed("write the token, and nothing else, into a file and name it in `ci.token-file`"))
            .into());
    }
    if about.permissions().mode() & 0o077 != 0 {
        return Err(Failure::new(Exit::Usage, format!("others may read or change the token in `{shown}`"))
            .help(format!("`chmod 600 {}`; if others have read it, renew the token", shell_word(&shown.to_string())))
            .into());
    }
    let mut text = String::new();
    file.read_to_string(&mut text).with_context(|| format!("cannot read `{shown}`"))?;
    Ok(parse(&text, &format!("the file `{shown}`"))?)
}

/// The token in a text; `place` is where it was found. The message does not quote it.
fn parse(text: &str, place: &str) -> Result<Secret, Failure> {
    Secret::parse(text).map_err(|fault| {
        let why = match fault {
            SecretFault::Empty => "it is empty",
            SecretFault::Letters => "it is more than one word, or has other letters than ASCII",
        };
        Failure::new(Exit::Usage, format!("{place} does not hold a token: {why}"))
            .help("write the token, and nothing else, there")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::files::remote_scratch;

    fn find(file: Option<&str>, variables: &[(&str, &str)]) -> Result<String, Failure> {
        let file = file.map(|path| TokenFile::try_from(path.to_owned()).unwrap());
        let variable = |name: &str| variables.iter().find(|(of, _)| *of == name).map(|(_, value)| (*value).to_owned());
        let found = find_token(ForgeKind::Gitlab, file.as_ref(), &variable);
        found.map(|token| token.expose().to_owned()).map_err(|error| error.downcast().unwrap())
    }

    #[test]
    fn the_variable_of_releng_goes_before_the_file_and_the_file_before_that_of_the_forge() {
        let scratch = remote_scratch().unwrap();
        let path = scratch.write("token", b"of-file\n").unwrap();
        let path = path.to_str().unwrap();
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600)).unwrap();
        let all = [(ANY, "of-any"), ("GITLAB_TOKEN", "of-gitlab"), ("GITHUB_TOKEN", "of-github")];
        assert_eq!(find(Some(path), &all).unwrap(), "of-any");
        assert_eq!(find(Some(path), &all[1..]).unwrap(), "of-file");
        assert_eq!(find(None, &all[1..]).unwrap(), "of-gitlab");
        assert_eq!(find(None, &[(ANY, " "), ("GITLAB_TOKEN", "x")]).unwrap(), "x");
        let failure = find(None, &all[2..]).unwrap_err();
        assert_eq!((failure.exit, failure.message.as_str()), (Exit::NotAllowed, "there is no token for GitLab"));
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o640)).unwrap();
        let failure = find(Some(path), &[]).unwrap_err();
        assert!(failure.message.starts_with("others may read or change the token in"), "{}", failure.message);
    }

    #[test]
    fn a_token_that_is_none_is_named_and_not_quoted() {
        let failure = find(None, &[(ANY, "two words")]).unwrap_err();
        assert_eq!(failure.exit, Exit::Usage);
        assert!(failure.message.contains(ANY) && !failure.message.contains("two"), "{}", failure.message);
        for path in ["/", "/no/such/file"] {
            assert_eq!(find(Some(path), &[]).unwrap_err().exit, Exit::Usage, "{path}");
        }
    }
}
