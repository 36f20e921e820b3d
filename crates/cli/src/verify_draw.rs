//! `verify-draw`: recomputes a published draw from its files. Never a node, a log or the network.

use crate::args::VerifyDrawArgs;
use crate::failure::{Failure, NO, io};
use contest::Finding;
use std::io::Write;
use std::path::Path;

/// Prints every check; exit code 1 when one fails or could not be made.
pub(crate) fn run(args: &VerifyDrawArgs, out: &mut impl Write) -> Result<(), Failure> {
    let (record, list) = (read(&args.record)?, read(&args.list)?);
    let standings = args.standings.as_deref().map(read).transpose()?;
    let verdict = contest::verify(&record, &list, standings.as_deref());
    let print = io("write to standard output");
    (|| {
        let hash: String = contest::hash(&record)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        writeln!(out, "record   SHA-256 {hash}")?;
        for finding in &verdict.findings {
            let (word, what) = match finding {
                Finding::Holds(what) => ("ok", what),
                Finding::Fails(what) => ("WRONG", what),
                Finding::Unchecked(what) => ("open", what),
                Finding::Claimed(what) => ("claim", what),
            };
            writeln!(out, "{word:<8} {what}")?;
        }
        let end = if verdict.holds() {
            "the draw holds; what is marked as a claim stands on the operator's word"
        } else {
            "the draw was not verified"
        };
        writeln!(out, "{end}")?;
        out.flush()
    })()
    .map_err(print)?;
    if verdict.holds() {
        Ok(())
    } else {
        Err(Failure {
            code: NO,
            message: String::new(),
        })
    }
}

fn read(file: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(file).map_err(io(format!("read {}", file.display())))
}
