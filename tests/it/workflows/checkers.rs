//! What zizmor and check-jsonschema say about the files. Both run without a network.

use super::files::{GITLAB, changed, paths, tool};
use crate::support::program::{Ran, run_in};
use crate::support::{root, text_of};

fn zizmor(files: &[&str]) -> Ran {
    let args = [&["--offline", "--no-progress", "--strict-collection"], files].concat();
    run_in(&root(), &tool("zizmor"), &args, &[])
}

fn check_schema(schema: &str, files: &[&str]) -> Ran {
    let args = [&["--builtin-schema", schema], files].concat();
    run_in(&root(), &tool("check-jsonschema"), &args, &[])
}

const GITHUB_SCHEMA: &str = "vendor.github-workflows";
const GITLAB_SCHEMA: &str = "vendor.gitlab-ci";

#[test]
fn zizmor_finds_nothing() {
    let paths = paths();
    assert_eq!(paths.len(), 11, "{paths:?}");
    zizmor(&paths.iter().map(String::as_str).collect::<Vec<_>>()).exits(0).prints_part("No findings to report");
}

/// A comment can make zizmor quiet. There is one such comment, in each file that reacts to comments: zizmor calls the event dangerous,
/// whatever the jobs do. What they do is checked by the rules and by the runs of the jobs.
#[test]
fn nothing_but_the_event_of_comments_is_excused() {
    for path in paths() {
        let text = text_of(&path);
        let excuses: Vec<&str> = text.lines().filter(|line| line.contains("zizmor:")).collect();
        match excuses.as_slice() {
            [] => assert!(!path.ends_with("comments.yml"), "{path}"),
            [excuse] => {
                assert!(path.ends_with("comments.yml"), "{path}");
                assert!(excuse.trim().starts_with("issue_comment: # zizmor: ignore[dangerous-triggers] "), "{excuse}");
            }
            _ => panic!("{path}: {excuses:?}"),
        }
    }
}

#[test]
fn zizmor_finds_what_is_planted() {
    let comments = ".github/workflows/comments.yml";
    for (from, to, finding) in [
        ("# zizmor: ignore[dangerous-triggers]", "#", "dangerous-triggers"),
        ("@3d3c42e5aac5ba805825da76410c181273ba90b1 #", "@v7 #", "unpinned-uses"),
        ("persist-credentials: false", "fetch-tags: true", "artipacked"),
        (
            "    permissions:\n      contents: read # to fetch the commits\n    steps:",
            "    permissions: write-all\n    steps:",
            "excessive-permissions",
        ),
        ("\"$RESULT\"", "${{ github.event.comment.body }}", "template-injection"),
    ] {
        let (_folder, file) = changed(comments, from, to);
        let found = zizmor(&[file.to_str().unwrap()]);
        assert_ne!(found.code, 0, "{to}: {}", found.stderr);
        found.prints_part(&format!("[{finding}]"));
    }
}

#[test]
fn the_files_fit_the_published_schemas() {
    let paths = paths();
    check_schema(GITHUB_SCHEMA, &paths.iter().map(String::as_str).collect::<Vec<_>>()).exits(0);
    check_schema(GITLAB_SCHEMA, &[GITLAB]).exits(0);
    for (schema, path, from, to) in [
        (GITHUB_SCHEMA, ".github/workflows/comments.yml", "    needs: decide\n", "    needz: decide\n"),
        (GITHUB_SCHEMA, "packaging/ci/forgejo/comments.yml", "timeout-minutes: 20", "timeout-minutes: soon"),
        (GITLAB_SCHEMA, GITLAB, "action: access", "action: look"),
    ] {
        let (_folder, file) = changed(path, from, to);
        check_schema(schema, &[file.to_str().unwrap()]).exits(1);
    }
}
