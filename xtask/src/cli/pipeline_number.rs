//! The number of the pipeline run, which names a snapshot.

use crate::base::error::{Exit, Failure};
use crate::base::number::parse_stated;

/// The number of the pipeline run, from the variables of the CI system.
pub fn pipeline_of_ci() -> Result<Option<u32>, Failure> {
    for name in ["BUILD_NUMBER", "GITHUB_RUN_NUMBER", "CI_PIPELINE_IID"] {
        let Some(value) = std::env::var_os(name).filter(|value| !value.is_empty()) else { continue };
        let value = value.to_string_lossy();
        let number = parse_stated(&value).map_err(|_| {
            let message = format!(
                "the variable `{name}` is `{}`, which is not the number of a pipeline run",
                value.escape_debug()
            );
            Failure::new(Exit::Usage, message).help("state the number: `--pipeline N`")
        })?;
        return Ok(Some(number));
    }
    Ok(None)
}
