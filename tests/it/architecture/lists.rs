//! What the tests of the architecture go by.

/// The folders from the bottom up: each uses only those before it.
pub const FOLDERS: [&str; 11] =
    ["base", "git", "history", "project", "source", "rpm", "repository", "forge", "ci", "announce", "cli"];

/// Crates whose types are vocabulary: any file may name them.
pub const VOCABULARY: [&str; 5] = ["anyhow", "serde", "serde_json", "semver", "jiff"];

/// Where each other crate may be named.
pub const HOMES: [(&str, &[&str]); 24] = [
    ("clap", &["cli/"]),
    ("clap_complete", &["cli/commands/completions.rs"]),
    ("clap_mangen", &["cli/commands/man.rs"]),
    ("duct", &["base/process/"]),
    ("encoding_rs", &["git/commit.rs"]),
    ("flate2", &["base/gzip.rs", "base/zlib.rs"]),
    ("git2", &["git/"]),
    ("hex", &["base/digest.rs", "git/commit.rs", "source/substitution.rs"]),
    ("indicatif", &["cli/ui/"]),
    ("lettre", &["announce/mail.rs"]),
    ("md5", &["base/package_digest.rs"]),
    ("memchr", &["rpm/header/blob.rs", "repository/repodata/"]),
    ("pulldown_cmark", &["ci/respond/comment.rs"]),
    ("releng_core", &["lib.rs"]),
    ("rustix", &["base/files/", "base/process/", "base/threads.rs", "cli/ui/"]),
    ("sha1", &["base/package_digest.rs"]),
    ("sha2", &["base/digest.rs", "base/package_digest.rs"]),
    ("signal_hook", &["base/interrupt.rs"]),
    (
        "strsim",
        &[
            "project/config/unknown.rs",
            "history/lint/near_header.rs",
            "ci/steps/plan.rs",
            "ci/respond/near_miss.rs",
            "announce/text.rs",
            "rpm/render/markers.rs",
        ],
    ),
    ("tar", &["source/unpack.rs"]),
    ("tempfile", &["base/files/", "base/process/job/tests.rs"]),
    ("toml", &["project/config/"]),
    ("xshell", &["base/process/"]),
    ("zip", &["source/zip.rs"]),
];

/// Rules, which are functions of values: files and folders that touch nothing outside.
pub const PURE: [&str; 82] = [
    "base/digest.rs",
    "base/error.rs",
    "base/github.rs",
    "base/http.rs",
    "base/junit.rs",
    "base/number.rs",
    "base/package_digest.rs",
    "base/plan.rs",
    "base/progress.rs",
    "base/schema.rs",
    "base/secret.rs",
    "base/size.rs",
    "base/text.rs",
    "history/",
    "project/config/",
    "project/manifests.rs",
    "project/markers.rs",
    "project/spec_macros.rs",
    "project/spec_text.rs",
    "source/conversion.rs",
    "source/decoration.rs",
    "source/identity.rs",
    "source/names.rs",
    "source/substitution.rs",
    "rpm/boolean.rs",
    "rpm/capability.rs",
    "rpm/header/",
    "rpm/nevra.rs",
    "rpm/requirement.rs",
    "rpm/rust.rs",
    "rpm/render/",
    "rpm/spec_files.rs",
    "rpm/srpm/",
    "rpm/version_order.rs",
    "repository/dependencies/",
    "repository/keys/rules.rs",
    "repository/model/event.rs",
    "repository/model/name.rs",
    "repository/model/reason.rs",
    "repository/promote/due.rs",
    "repository/promote/gate.rs",
    "repository/promote/known_packages.rs",
    "repository/promote/standing.rs",
    "repository/repodata/describe.rs",
    "repository/repodata/index.rs",
    "repository/repodata/primary.rs",
    "repository/repodata/xml.rs",
    "repository/repodata/xml_reader.rs",
    "repository/retention.rs",
    "forge/address.rs",
    "forge/calls.rs",
    "forge/event/",
    "forge/forgejo/answers.rs",
    "forge/github/answers.rs",
    "forge/gitlab/answers.rs",
    "forge/model.rs",
    "forge/place.rs",
    "forge/refusal.rs",
    "forge/retry.rs",
    "ci/merge/answer.rs",
    "ci/merge/machine/",
    "ci/merge/request.rs",
    "ci/respond/comment.rs",
    "ci/respond/decide.rs",
    "ci/respond/decision.rs",
    "ci/respond/facts.rs",
    "ci/respond/near_miss.rs",
    "ci/respond/order.rs",
    "ci/respond/outcome.rs",
    "ci/respond/reply.rs",
    "ci/respond/wish.rs",
    "ci/stage.rs",
    "ci/steps/environment.rs",
    "ci/steps/plan.rs",
    "ci/steps/report/",
    "ci/steps/result.rs",
    "announce/changes.rs",
    "announce/delivery/answer.rs",
    "announce/delivery/dialogue.rs",
    "announce/mail.rs",
    "announce/release_plan.rs",
    "announce/text.rs",
];

/// The files of pure folders that load what the rules need.
pub const EDGES: [&str; 4] =
    ["history/load.rs", "rpm/srpm/files_package.rs", "rpm/srpm/payload.rs", "rpm/srpm/write.rs"];

/// What a rule does not use: the outside world, by the standard library or by a module of ours.
pub const OUTSIDE: [&str; 14] = [
    "std::fs",
    "std::process",
    "env::var",
    "env::args",
    "env::current",
    "std::net",
    "SystemTime",
    "Instant::now",
    "Timestamp::now",
    "Zoned::now",
    "File::",
    "base::files",
    "base::process",
    "base::clock",
];

/// Public functions that only tests and benches call, with the reason.
pub const USED_OUTSIDE: [(&str, &str); 2] = [
    ("load_in", "tests sign with keys in a folder of their own, never with those of the user"),
    ("read_known", "the bench of repodata reads packages whose digests it has"),
];

/// The paths in a repository that other programs or addresses get, by file.
pub const PATHS_GIVEN_AWAY: [(&str, usize, &str); 7] = [
    (
        "repository/accept.rs",
        4,
        "the mounts, the log of the job and the addresses of a test, which runs in its own folder",
    ),
    ("repository/clients/repo_file.rs", 2, "the addresses in a `.repo` file"),
    ("repository/promote/judge.rs", 1, "a message names the folder of the results"),
    ("repository/sign/signers.rs", 1, "rpm reads packages to list their signatures"),
    ("repository/stage/input.rs", 2, "the folder of a release, which a person names; it is outside of the repository"),
    ("repository/stage/mod.rs", 1, "a file of that folder, which is copied"),
    ("repository/verify/folder.rs", 1, "rpmkeys reads a package to verify its signature"),
];
