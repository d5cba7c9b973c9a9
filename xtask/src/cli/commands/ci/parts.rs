//! `ci merge prepare`, `ci merge test` and `ci merge finish`: the parts of a merge, each as a job of its own.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::base::error::{Exit, Failure, program};
use crate::base::files::{self, TreePath};
use crate::base::text::shell_word;
use crate::ci::merge::handover::{PreparedFile, TESTED_FILE, TestedFile};
use crate::ci::merge::home::MergeHome;
use crate::ci::merge::machine::{Merge, MergeEvent, MergePhase, MergeStep};
use crate::ci::merge::pipeline::{self, record};
use crate::ci::merge::prepare;
use crate::ci::merge::request::MergeRequest;
use crate::ci::merge::testing::{copy_release, release_folder};
use crate::cli::commands::ci::asked::{RequestArgs, TestsRun, ask_for};
use crate::cli::commands::ci::merging::{self, EndFacts};
use crate::cli::context::Context;
use crate::cli::decided;
use crate::cli::pipeline_number::pipeline_of_ci;
use crate::git::remote::Remote;
use crate::project::config::CiIsolation;

/// The parts of `ci merge`.
#[derive(Debug, clap::Subcommand)]
pub enum MergePart {
    /// Make the merge commit, and write what it is made of into a file
    Prepare(PrepareArgs),
    /// Test the merge commit of such a file, and keep its release
    Test(TestArgs),
    /// Push a merge commit that was tested, and stage its release
    Finish(FinishArgs),
}

/// Arguments of `ci merge prepare`.
#[derive(Debug, clap::Args)]
pub struct PrepareArgs {
    #[command(flatten)]
    request: RequestArgs,
    /// File that is written, for the other parts
    #[arg(long, value_name = "FILE")]
    out: PathBuf,
}

/// Arguments of `ci merge test`.
#[derive(Debug, clap::Args)]
pub struct TestArgs {
    /// File of `ci merge prepare`
    merge: PathBuf,
    /// Folder for the logs, the result and the release; a folder of an earlier run is replaced
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
    /// Run the tests as this user: the machine has no secrets, and is thrown away afterwards
    #[arg(long)]
    no_isolation: bool,
}

/// Arguments of `ci merge finish`.
#[derive(Debug, clap::Args)]
pub struct FinishArgs {
    /// File of `ci merge prepare`
    merge: PathBuf,
    /// Folder of `ci merge test`
    #[arg(long, value_name = "DIR")]
    tested: PathBuf,
    /// Decision of `ci respond`, which came by another way than the file: the merge must be the one that it names
    #[arg(long, value_name = "FILE")]
    decision: Option<PathBuf>,
    /// Name or address of the remote that is pushed to
    #[arg(long, value_name = "REMOTE", default_value = "origin")]
    remote: String,
}

/// Runs a part.
pub fn run(context: &Context, part: &MergePart) -> Result<()> {
    match part {
        MergePart::Prepare(args) => prepare_merge(context, args),
        MergePart::Test(args) => test(context, args),
        MergePart::Finish(args) => finish(context, args),
    }
}

/// Writes the file, and prints the id of the merge commit.
fn prepare_merge(context: &Context, args: &PrepareArgs) -> Result<()> {
    let scratch = files::remote_scratch()?;
    let home = MergeHome::new(&TreePath::top(scratch.path()), context.workspace()?.repository()?);
    // There is one try: the tests cannot be run again by the last part.
    let request = MergeRequest { tries: 1, ..ask_for(context, &args.request, &home, 1, TestsRun::Elsewhere)? };
    let remote = home.remote(&request.remote);
    let preparation = prepare::prepare(&remote, &request, 1, &context.ui)?;
    let MergeEvent::Prepared(prepared) = preparation.event else {
        let mut merge = Merge::new(request);
        merge.take(&preparation.event)?;
        return merging::report_end(
            context,
            &merge,
            &EndFacts { findings: &preparation.findings, ..EndFacts::default() },
        );
    };
    let merge = prepared.merge;
    files::write(&args.out, PreparedFile::new(request, prepared).render()?.as_bytes())?;
    context.ui.note(&format!("the merge is described in `{}`", args.out.display()));
    context.ui.print(&format!("{merge}\n"))
}

fn test(context: &Context, args: &TestArgs) -> Result<()> {
    let PreparedFile { request, prepared, .. } = load_prepared(&args.merge)?;
    let scratch = files::remote_scratch()?;
    let home = MergeHome::new(&TreePath::top(scratch.path()), context.workspace()?.repository()?);
    prepare::remake(&home.remote(&request.remote), &request, &prepared, 1, &context.ui)?;
    let out = TreePath::top(&resolved(&args.out)?);
    files::make_folders(&out)?;
    for name in [TESTED_FILE, "release", "logs"] {
        files::remove_if_there(&out.join(name))?;
    }
    let mut merge = Merge::new(request);
    merge.take(&MergeEvent::Prepared(prepared.clone()))?;
    let isolation = args.no_isolation.then_some(&CiIsolation::None);
    let (event, failed) = merging::test_in(context, &home, 1, &merge, &prepared, isolation, &out)?;
    merge.take(&event)?;
    let MergePhase::Tested(_, tested) = merge.phase else {
        return merging::report_end(
            context,
            &merge,
            &EndFacts { failed: &failed, logs: &out.to_string(), ..EndFacts::default() },
        );
    };
    files::publish(&out.join(TESTED_FILE), TestedFile::new(prepared, tested).render()?.as_bytes())?;
    context.ui.note(&format!("the tests passed; what they left is in `{out}`"));
    Ok(())
}

fn finish(context: &Context, args: &FinishArgs) -> Result<()> {
    let PreparedFile { request, prepared, .. } = load_prepared(&args.merge)?;
    let folder = TreePath::top(&resolved(&args.tested)?);
    let tested = load_tested(&folder)?;
    if tested.prepared != prepared {
        let message = format!("`{folder}` has the tests of another merge commit, {}", tested.prepared.merge);
        return Err(Failure::new(Exit::Usage, message).help(test_again(&args.merge)).into());
    }
    require_order(context, args, &request)?;
    let request = own_request(context, args, request)?;
    let home = merging::home(context)?;
    let _lock = home.lock("ci merge finish")?;
    pipeline::sweep(&home)?;
    let interrupted = merging::find_interrupted(context, &home, &request)?;
    let (number, next) = match &interrupted {
        Some(stored) => (stored.number, stored.merge.next()),
        None => (home.next_number()?, Some(MergeStep::Prepare)),
    };
    // A merge is gone on with only after its tests: they have run in another job, and what they left is here.
    let steps = match next {
        Some(MergeStep::Prepare) => &[MergeStep::Prepare, MergeStep::Test][..],
        Some(MergeStep::Test) => &[MergeStep::Test],
        _ => &[],
    };
    if !steps.is_empty() {
        prepare::remake(&home.remote(&request.remote), &request, &prepared, number, &context.ui)?;
        if tested.tested.release.is_some() {
            copy_release(&folder.join("release"), &release_folder(&home.attempt(number, 1)))?;
        }
    }
    let mut stored = match interrupted {
        Some(stored) => stored,
        None => pipeline::begin(&home, number, request)?,
    };
    for step in steps {
        record(&mut stored, MergeEvent::Began { step: *step })?;
        record(
            &mut stored,
            match step {
                MergeStep::Prepare => MergeEvent::Prepared(prepared.clone()),
                _ => MergeEvent::Tested(tested.tested.clone()),
            },
        )?;
    }
    merging::go_on(context, &home, stored)
}

/// The request with what this job knows itself, and not from the file: where it pushes with its credentials, the number of the pipeline run, and
/// that no tests run here.
fn own_request(context: &Context, args: &FinishArgs, request: MergeRequest) -> Result<MergeRequest> {
    let remote = Remote::address_of(&args.remote, context.workspace()?.repository()?.opened_at())?;
    Ok(MergeRequest { remote, pipeline: pipeline_of_ci()?, tries: 0, ..request })
}

/// The request came through other jobs, one of which runs foreign code. What a comment asked for is known from the decision alone.
fn require_order(context: &Context, args: &FinishArgs, request: &MergeRequest) -> Result<()> {
    let is_ordered = match &args.decision {
        Some(path) => decided::load_order(context, path)?.is(request),
        None => request.comment.is_none(),
    };
    if is_ordered {
        return Ok(());
    }
    let message = format!("the merge in `{}` is not the one of the decision", args.merge.display());
    let help = format!(
        "prepare the merge that was decided on: `{} ci merge prepare --decision FILE --out FILE`, and state that decision here, too",
        program()
    );
    Err(Failure::new(Exit::Usage, message).help(help).into())
}

/// The path of a folder without `..` and links on the way to it; only the folder itself may be missing.
fn resolved(folder: &Path) -> Result<PathBuf> {
    let whole = std::path::absolute(folder)?;
    let place = whole.parent().unwrap_or(Path::new("/"));
    let place = place.canonicalize().with_context(|| format!("cannot use `{}`", place.display()))?;
    Ok(place.join(whole.file_name().unwrap_or_default()))
}

fn load_prepared(path: &Path) -> Result<PreparedFile> {
    let text = std::fs::read(path).with_context(|| format!("cannot read `{}`", path.display()))?;
    Ok(PreparedFile::parse(&text).map_err(|why| {
        Failure::new(Exit::Usage, format!("`{}` is no prepared merge: {why}", path.display()))
            .help(format!("`{} ci merge prepare` writes such a file", program()))
    })?)
}

fn load_tested(folder: &TreePath) -> Result<TestedFile> {
    let path = folder.join(TESTED_FILE);
    let help = || format!("`{} ci merge test` leaves this file, if all tests passed", program());
    let Some(text) = path.read_if_there()? else {
        return Err(Failure::new(Exit::Usage, format!("there is no `{path}`")).help(help()).into());
    };
    Ok(TestedFile::parse(&text)
        .map_err(|why| Failure::new(Exit::Usage, format!("`{path}` is no result of tests: {why}")).help(help()))?)
}

fn test_again(merge: &Path) -> String {
    format!("test this one: `{} ci merge test {} --out DIR`", program(), shell_word(&merge.to_string_lossy()))
}
