//! User and password for a mail server: of the environment, or of a file that nobody else may read.

use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use std::io::Read;

use anyhow::{Context, Result};

use crate::base::error::{Exit, Failure};
use crate::base::files;
use crate::base::text::{is_steering, shell_word};
use crate::project::config::FolderPath;

/// The variable with the user.
const USER: &str = "RELENG_SMTP_USER";
/// The variable with the password.
const PASSWORD: &str = "RELENG_SMTP_PASSWORD";

/// A user with a password. Neither has control characters, and the user has no colon.
#[derive(Clone, PartialEq, Eq)]
pub struct MailLogin {
    pub user: String,
    pub password: String,
}

/// The login of the environment, else that of the file; `None` if there is neither.
///
/// Errors (exit 2): only one of the two variables is set; the file is not `USER:PASSWORD`, or others may read it.
pub fn load_login(file: Option<&FolderPath>, root: &Path) -> Result<Option<MailLogin>> {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    match (variable(USER), variable(PASSWORD)) {
        (Some(user), Some(password)) => Ok(Some(checked(user, password).ok_or_else(|| {
            let message = format!("`{USER}` has a colon, or `{USER}` or `{PASSWORD}` has a control character");
            Failure::new(Exit::Usage, message).help("correct the variable: a mail server does not accept such a login")
        })?)),
        (None, None) => file.map(|file| load_file(&root.join(files::from_home(file.as_str())))).transpose(),
        (user, _) => {
            let missing = if user.is_some() { PASSWORD } else { USER };
            let message = format!("`{missing}` is not set: a login has a user and a password");
            Err(Failure::new(Exit::Usage, message)
                .help(format!("set both `{USER}` and `{PASSWORD}`, or neither"))
                .into())
        }
    }
}

fn load_file(path: &Path) -> Result<MailLogin> {
    let failed = || format!("cannot read `{}`", path.display());
    let mut file = std::fs::File::open(path).with_context(failed)?;
    if file.metadata().with_context(failed)?.permissions().mode() & 0o077 != 0 {
        let message = format!("`announce.password-file`: others may read `{}`", path.display());
        let help = format!("let nobody else read it: `chmod 600 {}`", shell_word(&path.to_string_lossy()));
        return Err(Failure::new(Exit::Usage, message).help(help).into());
    }
    let mut text = String::new();
    file.read_to_string(&mut text).with_context(failed)?;
    let login = text.strip_suffix('\n').unwrap_or(&text).split_once(':');
    let login = login.and_then(|(user, password)| checked(user.to_owned(), password.to_owned()));
    Ok(login.ok_or_else(|| {
        Failure::new(Exit::Usage, format!("`announce.password-file`: `{}` has no login", path.display()))
            .help("write `USER:PASSWORD` into it, as one line")
    })?)
}

fn checked(user: String, password: String) -> Option<MailLogin> {
    let fits = |text: &str| !text.is_empty() && !text.contains(is_steering);
    (fits(&user) && fits(&password) && !user.contains(':')).then_some(MailLogin { user, password })
}
