//! What a broker says of its cluster: one Metadata request by hand, version 1, whose answer lists the brokers that it
//! knows, and the partitions of every topic with their replicas.

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
    // No topic.
    let answer = ask(addr, 0)?;
    let mut rest = Rest(&answer);
    rest.skip(4)?;
    rest.count()
}

/// Partitions of which a replica is not in sync, as the broker at `addr` sees it.
///
/// # Errors
/// It does not answer, or not like a broker.
pub(crate) fn out_of_sync(addr: SocketAddr) -> io::Result<usize> {
    // Every topic.
    let answer = ask(addr, -1)?;
    let mut rest = Rest(&answer);
    // Correlation id; each broker's id, host, port and rack; the controller's id.
    rest.skip(4)?;
    for _ in 0..rest.count()? {
        rest.skip(4)?;
        rest.text()?;
        rest.skip(4)?;
        rest.text()?;
    }
    rest.skip(4)?;
    let mut lacking = 0;
    for _ in 0..rest.count()? {
        // Error, name, whether it is the cluster's own.
        rest.skip(2)?;
        rest.text()?;
        rest.skip(1)?;
        for _ in 0..rest.count()? {
            // Error, number, leader; then two lists of brokers.
            rest.skip(10)?;
            let replicas = rest.count()?;
            rest.skip(4 * replicas)?;
            let in_sync = rest.count()?;
            rest.skip(4 * in_sync)?;
            lacking += usize::from(in_sync < replicas);
        }
    }
    Ok(lacking)
}

/// Asks for so many topics: 0 is none, -1 is all. The answer without its length.
fn ask(addr: SocketAddr, topics: i32) -> io::Result<Vec<u8>> {
    let mut stream = TcpStream::connect_timeout(&addr, LIMIT)?;
    stream.set_read_timeout(Some(LIMIT))?;
    stream.set_write_timeout(Some(LIMIT))?;
    stream.write_all(&request(topics))?;
    let mut length = [0; 4];
    stream.read_exact(&mut length)?;
    let length = usize::try_from(i32::from_be_bytes(length)).unwrap_or(usize::MAX);
    if length > ANSWER_MAX {
        return Err(io::Error::other("an answer without end"));
    }
    let mut answer = vec![0; length];
    stream.read_exact(&mut answer)?;
    Ok(answer)
}

/// What has not been read of an answer.
struct Rest<'a>(&'a [u8]);

impl Rest<'_> {
    fn skip(&mut self, bytes: usize) -> io::Result<()> {
        let rest = self.0.get(bytes..);
        self.0 = rest.ok_or_else(|| io::Error::other("an answer that breaks off"))?;
        Ok(())
    }

    fn number<const N: usize>(&mut self) -> io::Result<[u8; N]> {
        let bytes = self.0.get(..N).and_then(|bytes| bytes.try_into().ok());
        let bytes = bytes.ok_or_else(|| io::Error::other("an answer that breaks off"))?;
        self.skip(N)?;
        Ok(bytes)
    }

    /// Length of a list; none is empty.
    fn count(&mut self) -> io::Result<usize> {
        Ok(usize::try_from(i32::from_be_bytes(self.number()?)).unwrap_or(0))
    }

    /// Skips a text, or none.
    fn text(&mut self) -> io::Result<()> {
        let length = i16::from_be_bytes(self.number()?);
        self.skip(usize::try_from(length).unwrap_or(0))
    }
}

/// Metadata (api key 3) version 1.
fn request(topics: i32) -> Vec<u8> {
    let client = b"spillway";
    let mut body = Vec::new();
    body.extend_from_slice(&3_i16.to_be_bytes());
    body.extend_from_slice(&1_i16.to_be_bytes());
    body.extend_from_slice(&1_i32.to_be_bytes());
    body.extend_from_slice(&(client.len() as i16).to_be_bytes());
    body.extend_from_slice(client);
    body.extend_from_slice(&topics.to_be_bytes());
    let mut whole = (body.len() as i32).to_be_bytes().to_vec();
    whole.extend_from_slice(&body);
    whole
}
