//! The placeholders of `export-subst` that depend on tags, against `git archive` of the tag.

use xshell::cmd;

use super::{assert_same_bytes, git_tar, load, tar};
use crate::support::repo::{GitRepo, shell_in};

#[test]
fn placeholders_of_tags_have_the_text_of_an_archive_of_the_tag() {
    let repo = GitRepo::new();
    let text = "node: $Format:%H$\nref-names: $Format:%D$\n$Format:%d|%+d|%(decorate:prefix=<,suffix=>,tag=)$\n\
                describe-name: $Format:%(describe:tags=true,match=*[0-9]*)$\n";
    let commit =
        repo.write(".git_archival.txt", text).write(".gitattributes", ".git_archival.txt export-subst").commit("x");
    let ours = tar(&load(&repo.open(), commit, &[]).unwrap()).unwrap();
    // In this clone git finds one tag at the commit, and no branch.
    let clone = tempfile::tempdir().unwrap();
    let (shell, path) = (repo.shell(), clone.path());
    cmd!(shell, "git tag --annotate --message=x 1.0.4").run().unwrap();
    cmd!(shell, "git clone --quiet --bare . {path}").run().unwrap();
    let shell = shell_in(path);
    cmd!(shell, "git symbolic-ref HEAD refs/heads/none").run().unwrap();
    cmd!(shell, "git branch --quiet -D master").run().unwrap();
    assert_same_bytes(&ours, &git_tar(&shell, commit, &[]));
}
