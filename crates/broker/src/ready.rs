//! Whether a broker answers: one Metadata request by hand, version 1, whose answer lists the brokers that
//! the cluster knows.

use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// How long one question may take.
const LIMIT: Duration = Duration::from_secs(2);
/// Longer answers are none.
const ANSWER_MAX: usize = 1 << 20;

/// How many brokers the one at `addr` knows of.
///
/// # Errors
/// It does not answer, or not like a broker.
pub(crate) fn brokers_known(addr: SocketAddr) -> io::Result<usize> {
    let mut stream = TcpStream::connect_timeout(&addr, LIMIT)?;
    stream.set_read_timeout(Some(LIMIT))?;
    stream.set_write_timeout(Some(LIMIT))?;
    stream.write_all(&request())?;
    let mut length = [0; 4];
    stream.read_exact(&mut length)?;
    let length = usize::try_from(i32::from_be_bytes(length)).unwrap_or(usize::MAX);
    if length > ANSWER_MAX {
        return Err(io::Error::other("an answer without end"));
    }
    let mut answer = vec![0; length];
    stream.read_exact(&mut answer)?;
    // Correlation id, then the array of brokers.
    let count = answer
        .get(4..8)
        .and_then(|bytes| <[u8; 4]>::try_from(bytes).ok())
        .ok_or_else(|| io::Error::other("an answer without brokers"))?;
    Ok(usize::try_from(i32::from_be_bytes(count)).unwrap_or(0))
}

/// Metadata (api key 3) version 1, for no topic.
fn request() -> Vec<u8> {
    let client = b"spillway";
    let mut body = Vec::new();
    body.extend_from_slice(&3_i16.to_be_bytes());
    body.extend_from_slice(&1_i16.to_be_bytes());
    body.extend_from_slice(&1_i32.to_be_bytes());
    body.extend_from_slice(&(client.len() as i16).to_be_bytes());
    body.extend_from_slice(client);
    body.extend_from_slice(&0_i32.to_be_bytes());
    let mut whole = (body.len() as i32).to_be_bytes().to_vec();
    whole.extend_from_slice(&body);
    whole
}
