//! `announce --forge` with a forge that fails, and runs that are killed: there is one release, and nobody sees half of it.

use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use releng::project::config::ForgeKind;

use super::delivery::events;
use super::forge::ForgeSite;
use crate::support::forge::{Fault, Reply, TOKEN, WRITES};
use crate::support::program::PROGRAM;
use crate::support::site::NOW;

#[test]
fn a_fault_of_the_forge_makes_no_second_release() {
    let duplicate = || {
        let errors = serde_json::json!([{"resource": "Release", "code": "already_exists", "field": "tag_name"}]);
        Reply::json(422, &serde_json::json!({"message": "Validation Failed", "errors": errors}))
    };
    for kind in ForgeKind::ALL {
        let place = ForgeSite::new(kind);
        let (upload, show) = match kind {
            ForgeKind::Github => ("POST /uploads", "PATCH "),
            ForgeKind::Gitlab => ("PUT ", "/releases"),
            ForgeKind::Forgejo => ("/assets?name=", "PATCH "),
        };
        for (at, fault) in [
            ("POST /", Fault::DropAfter),
            ("POST /", Fault::After(Reply::text(503, ""))),
            ("POST /", Fault::Instead(Reply::text(429, "").with("Retry-After", "1"))),
            (upload, Fault::DropAfter),
            (upload, Fault::After(Reply::text(502, "<html>"))),
            (upload, Fault::Instead(Reply::text(500, ""))),
            (show, Fault::DropAfter),
            (show, Fault::Truncated),
        ] {
            place.forget();
            place.double.fault(at, 1, fault);
            place.announce(&[]).exits(0);
            assert!(place.double.is_struck(), "{kind}: {at}");
            place.is_whole();
        }
        if kind == ForgeKind::Github {
            for (at, fault) in [
                (upload, Fault::HalfUploaded),
                ("POST /repos", Fault::After(duplicate())),
                (upload, Fault::After(duplicate())),
            ] {
                place.forget();
                place.double.fault(at, 1, fault);
                place.announce(&[]).exits(0);
                place.is_whole();
            }
        }
        // A forge that fails for good leaves nothing that people see, and the next run goes on.
        place.forget();
        place.double.fault(upload, 1, Fault::Instead(Reply::text(403, r#"{"message": "No"}"#)));
        place.announce(&[]).exits(3);
        place.double.with(|state| assert!(state.releases.iter().all(|release| release.draft), "{kind}"));
        assert_eq!(events(&place.site), ["release-try"]);
        place.announce(&[]).exits(0);
        place.is_whole();
    }
}

#[test]
fn a_run_killed_between_the_calls_makes_no_second_release() {
    const LONG: Duration = Duration::from_secs(30);
    for kind in ForgeKind::ALL {
        let place = ForgeSite::new(kind);
        let mut kills = 0;
        for number in 0.. {
            let mut is_over = false;
            for fault in [Fault::Hang(LONG), Fault::HangAfter(LONG)] {
                place.forget();
                place.double.fault_after(WRITES, number, fault);
                let mut command = Command::new(PROGRAM);
                command.args(["announce", "--forge"]).current_dir(place.site.project.path());
                command.env("RELENG_NOW", NOW).env("RELENG_FORGE_TOKEN", TOKEN);
                command.stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
                let mut run = command.spawn().unwrap();
                let begin = Instant::now();
                is_over = loop {
                    if run.try_wait().unwrap().is_some() {
                        break true;
                    }
                    if place.double.is_struck() {
                        std::thread::sleep(Duration::from_millis(50)); // until the deed is done
                        break false;
                    }
                    assert!(begin.elapsed() < LONG, "{kind}: {number}");
                    std::thread::sleep(Duration::from_millis(5));
                };
                if !is_over {
                    let group = i32::try_from(run.id()).ok().and_then(rustix::process::Pid::from_raw).unwrap();
                    rustix::process::kill_process_group(group, rustix::process::Signal::KILL).unwrap();
                    run.wait().unwrap();
                }
                place.double.heal();
                kills += usize::from(!is_over);
                let is_seen = |draft: bool| !draft && kind != ForgeKind::Gitlab;
                let early = place.double.with(|state| {
                    state.releases.iter().any(|release| is_seen(release.draft) && release.files.len() < 4)
                });
                assert!(!early, "{kind}: {number}: people see half a release");
                place.announce(&[]).exits(0);
                place.is_whole();
                assert_eq!(events(&place.site).last().unwrap(), "release-shown");
            }
            if is_over {
                break;
            }
        }
        let calls = if kind == ForgeKind::Gitlab { 5 } else { 6 };
        assert_eq!(kills, 2 * calls, "{kind}");
    }
}
