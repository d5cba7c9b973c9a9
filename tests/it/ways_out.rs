//! What `verify` and `prune` say about damage leads out of it.

use crate::support::site::Site;

#[test]
fn two_runs_of_prune_within_a_second_free_space() {
    let site = Site::with("[repository]\nkeep-snapshots = 0\nkeep-days = 0\n");
    site.release("One", &["el9"]);
    site.release("Two", &["el9"]);
    let later = "2027-01-01T00:00:00Z";
    site.releng_at(later, &["prune"]).exits(0).prints_part("to .trash/000003/");
    let plan = site.releng_at(later, &["prune", "--dry-run"]).exits(0).stdout;
    site.releng_at(later, &["prune"]).exits(0).prints_part("delete .trash/000003 (").prints(&plan);
    assert!(!site.served(".trash/000003").exists());
    site.releng_at(later, &["prune"]).exits(0).says(&["nothing to prune"]);
}
