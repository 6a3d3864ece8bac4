//! `doctor`: the tools and brokers on this machine.

use std::process::ExitCode;

use cli::{DoctorFormat, Exit};

use super::unwritten;
use crate::{doctor, report};

/// Examines everything, and prints the findings.
pub(super) async fn doctor(format: DoctorFormat) -> ExitCode {
    let findings = doctor::examine().await;
    let answer = match format {
        DoctorFormat::Text => doctor::report::text(&findings),
        DoctorFormat::Json => report::json_text::line(&doctor::report::json(&findings)),
    };
    if let Err(error) = report::print(&answer) {
        return unwritten(&error).into();
    }
    if doctor::report::is_fit(&findings) { Exit::Passed } else { Exit::NotChecked }.into()
}
