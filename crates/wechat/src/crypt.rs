//! The payload of an encrypted message: AES-256-CBC, padding to 32 bytes, layout, base64. Never here:
//! signatures, which must have been checked before; decryption alone authenticates nothing.
//!
//! ```text
//! random(16) | length of msg, u32 big endian | msg | app id | padding to 32: n bytes of value n, 1..=32
//! ```

use crate::key::AesKey;
use crate::refusal::Unreadable;
use aes::Aes256;
use aes::cipher::{Array, BlockModeDecrypt, BlockModeEncrypt, InnerIvInit};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Random prefix and length field.
const HEAD_BYTES: usize = 20;
/// The platform pads to 32 although the cipher's block has 16: PKCS#7 of the cipher would refuse half
/// of all messages.
const PAD_BLOCK_BYTES: usize = 32;

/// Encrypts `message` for `app_id` and returns the base64 text of `Encrypt`.
#[must_use]
pub fn encrypt(key: &AesKey, app_id: &str, message: &[u8], random: [u8; 16]) -> String {
    let content = HEAD_BYTES
        .saturating_add(message.len())
        .saturating_add(app_id.len());
    let pad = PAD_BLOCK_BYTES - content % PAD_BLOCK_BYTES;
    let mut buffer = Vec::with_capacity(content.saturating_add(pad));
    buffer.extend_from_slice(&random);
    // What we encrypt are replies and test messages, far below 4 GiB.
    let length = u32::try_from(message.len()).unwrap_or(u32::MAX);
    buffer.extend_from_slice(&length.to_be_bytes());
    buffer.extend_from_slice(message);
    buffer.extend_from_slice(app_id.as_bytes());
    buffer.resize(content.saturating_add(pad), u8::try_from(pad).unwrap_or(0));
    let mut cipher = cbc::Encryptor::<Aes256>::inner_iv_init(key.cipher.clone(), &key.iv.into());
    let (blocks, _) = Array::slice_as_chunks_mut(&mut buffer);
    cipher.encrypt_blocks(blocks);
    STANDARD.encode(buffer)
}

/// Decrypts the base64 text of `Encrypt` and returns the message.
///
/// # Errors
/// In the order of the checks: base64, length of the ciphertext, padding, length field, app id, UTF-8.
pub fn decrypt(key: &AesKey, app_id: &str, encrypt: &str) -> Result<Vec<u8>, Unreadable> {
    let mut buffer = STANDARD
        .decode(encrypt)
        .map_err(|_| Unreadable::BadBase64)?;
    if buffer.is_empty() || !buffer.len().is_multiple_of(PAD_BLOCK_BYTES) {
        return Err(Unreadable::BadCiphertextLength);
    }
    let mut cipher = cbc::Decryptor::<Aes256>::inner_iv_init(key.cipher.clone(), &key.iv.into());
    let (blocks, _) = Array::slice_as_chunks_mut(&mut buffer);
    cipher.decrypt_blocks(blocks);
    let length = message_length(&buffer, app_id)?;
    // The message moves to the front of its own buffer: no second allocation.
    buffer.copy_within(HEAD_BYTES..HEAD_BYTES + length, 0);
    buffer.truncate(length);
    match std::str::from_utf8(&buffer) {
        Ok(_) => Ok(buffer),
        Err(_) => Err(Unreadable::BadUtf8),
    }
}

/// Checks padding, length field and app id of a decrypted buffer; returns the length of the message.
fn message_length(buffer: &[u8], app_id: &str) -> Result<usize, Unreadable> {
    let pad = buffer.last().copied().unwrap_or(0);
    let content_length = match buffer.len().checked_sub(usize::from(pad)) {
        Some(length) if (1..=PAD_BLOCK_BYTES).contains(&usize::from(pad)) => length,
        _ => return Err(Unreadable::BadPadding),
    };
    let (content, padding) = buffer.split_at(content_length);
    if padding.iter().any(|&byte| byte != pad) {
        return Err(Unreadable::BadPadding);
    }
    let Some((head, rest)) = content.split_at_checked(HEAD_BYTES) else {
        return Err(Unreadable::BadLength);
    };
    let mut field = [0; 4];
    field.copy_from_slice(&head[16..]);
    // Compared with what remains, never added to anything: the field may be 0xFFFFFFFF.
    let length = usize::try_from(u32::from_be_bytes(field)).map_err(|_| Unreadable::BadLength)?;
    let Some((_, tail)) = rest.split_at_checked(length) else {
        return Err(Unreadable::BadLength);
    };
    if tail != app_id.as_bytes() {
        return Err(Unreadable::AppIdMismatch);
    }
    Ok(length)
}
