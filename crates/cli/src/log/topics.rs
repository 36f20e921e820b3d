//! `topics create|show`.
use crate::args::TopicsCommand;
use crate::failure::Failure;
pub(crate) fn run(_c: &TopicsCommand, _o: &mut impl std::io::Write) -> Result<(), Failure> {
    Ok(())
}
