//! Reads a configuration file.

use crate::base::error::{Exit, Failure};
use crate::project::config::ci::check_steps;
use crate::project::config::keys::{Config, PATH};
use crate::project::config::shape;
use crate::project::config::unknown;

impl Config {
    /// Parses the text of a configuration file.
    ///
    /// Errors, all with exit 2 and the line: the text is not TOML; an unknown key (the help names the nearest known
    /// one); a value of the wrong kind.
    pub fn parse(text: &[u8]) -> Result<Config, Failure> {
        let refuse = |why: String| Failure::new(Exit::Usage, format!("`{PATH}`: {}", why.trim_end()));
        let text = std::str::from_utf8(text).map_err(|error| refuse(format!("it is not UTF-8: {error}")))?;
        let in_words = |error: toml::de::Error| shape::failure(text, &error);
        shape::require_tables(text).map_err(in_words)??;
        if let Some(unknown) = unknown::find(text).map_err(in_words)?.first() {
            return Err(unknown.failure());
        }
        let config: Config = toml::from_str(text).map_err(in_words)?;
        let mut names: Vec<&str> = config.acceptance.iter().map(|test| test.name.as_str()).collect();
        names.sort_unstable();
        if let Some(pair) = names.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(refuse(format!("two tests in `[[acceptance]]` are called `{}`", pair[0])));
        }
        for (stage, steps) in config.ci.stages() {
            check_steps(stage, steps).map_err(refuse)?;
        }
        Ok(config)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::config::unknown::{known_keys, leaves, lines_of_keys};

    fn refusal(text: &str) -> (String, String) {
        let failure = Config::parse(text.as_bytes()).unwrap_err();
        assert_eq!(failure.exit, Exit::Usage);
        (failure.message, failure.help.unwrap_or_default())
    }

    #[test]
    fn an_empty_file_gives_the_defaults() {
        assert_eq!(Config::parse(b"").unwrap(), Config::default());
    }

    #[test]
    fn every_key_is_read() {
        use std::num::NonZero;
        let text = "[project]\nname = \"lago\"\nbranches = [\"v*\"]\n[version]\ninitial = \"0.1\"\nheaders = [\"sem-ver\"]\ntags = [\"vX.Y.Z\"]\nignore-tags = [\"20*\"]\nmerged-tags = true\n[source]\nformats = [\"zip\"]\n\
                    vendor = \"none\"\nfolder = \"{name}\"\nmanifest = \"rust/Cargo.toml\"\n[[source.generate]]\npath = \"a\"\ntext = \"b\"\n[rpm]\nspec = \"lago.spec.in\"\nmarkers = [\"X=\"]\nchangelog-entries = 200\nsrpm = \"rpmbuild\"\narch = \"s390x\"\n\
                    portable-noarch = true\ndists = [\"el9\"]\nbackend = \"copr\"\ntimeout = \"1h\"\npoll = \"5s\"\n\
                    [rpm.copr]\nproject = \"@lago/lago\"\nconfig = \"~/copr\"\n[rpm.koji]\nprofile = \"cbs\"\nconfig = \"~/koji\"\nscratch = true\n[repository]\nroot = \"repo\"\nstate = \"state\"\nurl = \"https://example.org\"\n\
                    keep-snapshots = 1\nkeep-days = 2\nsign = \"ABCD\"\nnext-key = \"EF01\"\n[announce]\nto = \"a@b\"\ncc = [\"c@d\"]\nfrom = \"e@f\"\nreply-to = \"g@h\"\nsmtp = \"smtps://i\"\nsendmail = \"/j\"\n\
                    password-file = \"k\"\ntemplate = \"l\"\nretry = \"1s\"\n[promotion]\ninterval-days = 3\ndue = []\n\
                    [[acceptance]]\nname = \"install\"\nrun = [\"sh\"]\ntimeout = \"10m\"\non = [\"minor\"]\n\
                    [ci]\nisolation = \"user:ci\"\nnetwork = true\nartifacts = \"out\"\nenvironment = [\"CC\"]\nforge = \"github\"\n\
                    forge-url = \"https://example.org\"\nforge-project = \"a/b\"\ntoken-file = \"~/token\"\n\
                    admins = [\"ada\"]\nuntrusted = true\n\
                    [[ci.check-patch]]\nname = \"unit\"\nrun = [\"a\"]\n[[ci.check-merged]]\nname = \"unit\"\nrun = [\"a\"]\n\
                    only = [\"src/**\"]\ntimeout = \"2h\"\nneeds = []\n[[ci.build-artifacts]]\nname = \"rpm\"\nrun = [\"a\"]\n";
        let rules =
            known_keys().into_keys().filter_map(|key| Some(format!("{} = \"off\"\n", key.strip_prefix("lint.")?)));
        let text = &format!("{text}[lint]\n{}", rules.collect::<String>());
        let config = Config::parse(text.as_bytes()).unwrap();
        assert_eq!(lines_of_keys(text).keys().collect::<Vec<_>>(), known_keys().keys().collect::<Vec<_>>());
        assert_eq!(config.rpm.changelog_entries, NonZero::new(200));
        assert_eq!(config.version.initial.map(|initial| initial.to_string()).as_deref(), Some("0.1"));
        let values = leaves(&config);
        assert!(values.values().all(|value| !value.is_null()), "{values:?}");
    }

    #[test]
    fn an_unknown_key_names_its_line_and_the_nearest_known_one() {
        let (message, help) = refusal("[project]\nname = \"x\"\n[source]\nformat = [\"zip\"]\n");
        assert_eq!(message, "`packaging/release.toml` line 4: unknown key `source.format`");
        assert_eq!(help, "did you mean `source.formats`?");
        assert_eq!(refusal("[versoin]\ninitial = \"0.1\"\n").1, "did you mean `version.initial`?");
        assert_eq!(refusal("name = \"x\"\n").1, "did you mean `project.name`?");
        assert_eq!(refusal("[rpm.dist.el9]\nmokc = \"x\"\n").1, "did you mean `rpm.dist.el9.mock`?");
        assert!(refusal("[rpm.mock]\nx = 1\n").0.ends_with("line 2: unknown key `rpm.mock.x`"));
        assert!(refusal("[rpm.mock]\n").0.ends_with("line 1: unknown key `rpm.mock`"));
        let (message, help) =
            refusal("[[acceptance]]\nname = \"a\"\nrun = [\"b\"]\n[[acceptance]]\ntimeuot = \"1m\"\n");
        assert!(message.ends_with("line 5: unknown key `acceptance.timeuot`"), "{message}");
        assert_eq!(help, "did you mean `acceptance.timeout`?");
        assert_eq!(refusal("[promotion]\ninterval = 3\n").1, "did you mean `promotion.interval-days`?");
        assert_eq!(refusal("[lint]\nfixups-left = \"off\"\n").1, "did you mean `lint.fixup-left`?");
        assert_eq!(refusal("[promotion]\nx = 3\n").1, "the keys of `[promotion]` are `due`, `interval-days`");
        let (message, help) = refusal("[[ci.check-patch]]\nname = \"a\"\nrun = [\"b\"]\nneed = [\"c\"]\n");
        assert!(message.ends_with("line 4: unknown key `ci.check-patch.need`"), "{message}");
        assert_eq!(help, "did you mean `ci.check-patch.needs`?");
        assert_eq!(refusal("[ci]\nenviroment = []\n").1, "did you mean `ci.environment`?");
        let (message, help) = refusal("[[source.generate]]\npath = \"a\"\ntxt = \"b\"\n");
        assert!(message.ends_with("line 3: unknown key `source.generate.txt`"), "{message}");
        assert_eq!(help, "did you mean `source.generate.text`?");
        let tables = "`[announce]`, `[ci]`, `[lint]`, `[project]`, `[promotion]`, `[repository]`, `[rpm]`, `[source]`, `[version]`, `[[acceptance]]`";
        let help = format!("the tables are {tables}; `config` prints all keys");
        assert_eq!(refusal("[wholly-other-things]\n").1, help);
    }

    #[test]
    fn a_value_of_the_wrong_kind_is_named_in_the_words_of_the_documentation() {
        for (text, message, help) in [
            (
                "[acceptance]\nname = \"x\"\n",
                "line 1: `acceptance` is a list of tables, and this is a single table",
                "write `[[acceptance]]` in place of `[acceptance]`",
            ),
            (
                "acceptance = {name = \"x\"}\n",
                "line 1: `acceptance` is a list of tables, and this is a single table",
                "write `[[acceptance]]` in place of `[acceptance]`",
            ),
            (
                "acceptance = 3\n",
                "line 1: `acceptance` is the number 3, and must be a list",
                "write `acceptance = [\"…\"]`",
            ),
            (
                "[[repository]]\nroot = \"x\"\n",
                "line 1: `repository` is a list, and must be a table",
                "write `[repository]`",
            ),
            (
                "[rpm]\ndist = [\"el9\"]\n",
                "line 2: `rpm.dist` is a list, and must be a table",
                "did you mean `rpm.dists`?",
            ),
            (
                "[rpm]\ndists = \"el9\"\n",
                "line 2: `rpm.dists` is a text, and must be a list",
                "write `dists = [\"…\"]`",
            ),
            (
                "[rpm]\ndists = [9]\n",
                "line 2: `rpm.dists` is the number 9, and must be a text",
                "write `dists = \"…\"`",
            ),
            (
                "[repository]\nkeep-days = -1\n",
                "line 2: `repository.keep-days` is the number -1, and must be a whole number, 0 or above",
                "write `keep-days = 1`",
            ),
            (
                "[repository]\nkeep-days = \"1\"\n",
                "line 2: `repository.keep-days` is a text, and must be a whole number, 0 or above",
                "write `keep-days = 1`",
            ),
            (
                "[rpm]\nchangelog-entries = 0\n",
                "line 2: `rpm.changelog-entries` is the number 0, and must be a whole number above 0",
                "write `changelog-entries = 1`",
            ),
            (
                "[rpm]\nportable-noarch = \"yes\"\n",
                "line 2: `rpm.portable-noarch` is a text, and must be `true` or `false`",
                "write `portable-noarch = true`",
            ),
            (
                "[version]\ninitial = 0.1\n",
                "line 2: `version.initial` is the number 0.1, and must be a text",
                "write `initial = \"…\"`",
            ),
            (
                "[rpm.dist.el9]\nmock = 1\n",
                "line 2: `rpm.dist.el9.mock` is the number 1, and must be a text",
                "write `mock = \"…\"`",
            ),
            ("repository = \"x\"\n", "line 1: `repository` is a text, and must be a table", "write `[repository]`"),
            (
                "[[acceptance]]\nrun = [\"x\"]\n",
                "line 1: `acceptance.name` is missing",
                "docs/configuration.md describes the keys of `acceptance`",
            ),
            (
                "[lint]\nsubject-dot = \"warn\"\n",
                "line 2: `lint.subject-dot` cannot be `warn`",
                "the values are `error`, `warning`, `off`",
            ),
            (
                "[lint]\nsubject-long = 50\n",
                "line 2: `lint.subject-long` must be a text",
                "write `subject-long = \"…\"`",
            ),
            (
                "[promotion]\ndue = [\"x\"]\n",
                "line 2: `promotion.due` cannot be `x`",
                "the values are `minor`, `interval`, `fixes`, `features`",
            ),
        ] {
            assert_eq!(refusal(text), (format!("`packaging/release.toml` {message}"), help.to_owned()), "{text}");
        }
    }

    #[test]
    fn wrong_values_are_refused_with_their_line() {
        for (text, part) in [
            ("[project]\nname = \"-rf\"\n", "cannot name a package"),
            ("[project]\nname = \"a/b\"\n", "cannot name a package"),
            ("[version]\ninitial = 0.1\n", "line 2"),
            ("[version]\ninitial = \"1\"\n", "two numbers"),
            ("[version]\ntags = [\"v\"]\n", "line 2: `version.tags`: `v` is not a form of tags; a form has `X`"),
            ("[version]\ntags = []\n", "line 2: `version.tags`: a list without a form"),
            ("[source]\nformats = [\"rar\"]\n", "line 2: `source.formats` cannot be `rar`"),
            ("[repository]\nurl = \"ftp://x\"\n", "`https://` or `http://`"),
            ("[[acceptance]]\nname = \"../x\"\nrun = [\"true\"]\n", "letters, digits and"),
            ("[[acceptance]]\nname = \"x\"\n", "`run` is empty"),
            ("[[ci.check-patch]]\nname = \"x\"\n", "line 1: `ci.check-patch`: `run` is empty"),
            (
                "[[ci.check-merged]]\nname = \"x\"\nrun = [\"a\"]\nneeds = [\"y\"]\n",
                "needs `y`, and there is no such step",
            ),
            ("[[ci.check-patch]]\nname = \"lint\"\nrun = [\"a\"]\n", "the built-in step"),
            ("[[acceptance]]\nname = \"x\"\nrun = [\"a\"]\n[[acceptance]]\nname = \"x\"\nrun = [\"a\"]\n", "two tests"),
            ("[[acceptance]]\nname = \"x\"\nrun = [\"true\"]\ntimeout = \"soon\"\n", "such as `90s`"),
            ("[rpm]\ndists = [\"EL9\"]\n", "lower-case letters and a number"),
            ("[rpm.dist.nine]\narches = []\n", "lower-case letters and a number"),
            ("[rpm.dist.el9]\narches = [\"../x\"]\n", "is not an architecture"),
            ("[rpm.dist.el9]\narches = [\"noarch\"]\n", "is not an architecture"),
            ("[rpm.dist.el9]\nminimum-rust = \"x\"\n", "numbers with dots"),
            ("[rpm.dist.el9]\nmock = \"-rf\"\n", "begins with `-`"),
            ("[rpm.define]\npy = \"x\"\n", "cannot name a macro"),
            ("[source]\nfolder = \"a/b\"\n", "line 2: `source.folder`: `a/b` is not the name of a folder"),
            ("[source]\nmanifest = \"../Cargo.toml\"\n", "is not the path of a file in the project"),
            ("[[source.generate]]\npath = \"a\"\n", "`a` has neither `text` nor `run`"),
            ("[[source.generate]]\npath = \"a\"\ntext = \"\"\nrun = [\"b\"]\n", "`a` has both `text` and `run`"),
            ("[[source.generate]]\npath = \"a\"\nrun = []\n", "`run` is empty for `a`"),
            ("[rpm]\nbackend = \"obs\"\n", "`rpm.backend` cannot be `obs`"),
            ("[repository]\nroot = \"\"\n", "line 2: `repository.root`: a folder has a name"),
            ("[repository]\nstate = \"~ada/x\"\n", "line 2: `repository.state`: `~ada/x` names"),
            ("[project\n", "line 1: this is not TOML: "),
        ] {
            let (message, _) = refusal(text);
            assert!(message.contains(part), "{text:?}: {message}");
        }
    }
}
