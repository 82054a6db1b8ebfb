//! Sealing of credentials: what the database holds of them is of no use without a key that is kept elsewhere.
//!
//! XChaCha20-Poly1305 with a random nonce per value (192 bits, so that random ones do not repeat). Each value is bound
//! to what it is for and to whom it belongs; moved to another row or column it does not open.

use crate::StoreError;
use base64::Engine as _;
use chacha20poly1305::{
    Key, KeyInit, XChaCha20Poly1305, XNonce,
    aead::{Aead, Payload},
};
use secrecy::{ExposeSecret, SecretBox, SecretString};
use sha2::{Digest, Sha256};
use std::{
    fmt::Write as _,
    fs,
    io::{self, Write as _},
    os::unix::fs::{OpenOptionsExt, PermissionsExt},
    path::{Path, PathBuf},
    sync::Arc,
};

const KEY_LENGTH: usize = 32;
const NONCE_LENGTH: usize = 24;

/// Holds the installation's secret key. Clones share it; `Debug` shows only its [`Sealer::key_id`].
#[derive(Clone)]
pub struct Sealer {
    key: Arc<SecretBox<[u8; KEY_LENGTH]>>,
    key_id: String,
}

/// Why there is no key.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The text is not a key.
    #[error(
        "The secret key is not a key. It is 32 random bytes, written as 64 hexadecimal digits or in base64; \
         `openssl rand -hex 32` makes one."
    )]
    Malformed,
    /// Other people of the machine can read the key file.
    #[error("Other users of this machine can read the key file {}. Run: chmod 600 {}", .0.display(), .0.display())]
    Exposed(PathBuf),
    /// The key file cannot be read or made.
    #[error("The key file {} cannot be read or made: {source}.", path.display())]
    File {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

impl std::fmt::Debug for Sealer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sealer").field("key_id", &self.key_id).finish_non_exhaustive()
    }
}

impl Sealer {
    /// A sealer with the key of that text: 32 bytes as 64 hexadecimal digits or in base64 (standard or URL alphabet).
    pub fn from_key(text: &SecretString) -> Result<Sealer, KeyError> {
        let text = text.expose_secret().trim();
        let bytes = if text.len() == KEY_LENGTH * 2 && text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            (0..text.len())
                .step_by(2)
                .filter_map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok())
                .collect()
        } else {
            let text = text.trim_end_matches('=');
            base64::prelude::BASE64_STANDARD_NO_PAD
                .decode(text)
                .or_else(|_| base64::prelude::BASE64_URL_SAFE_NO_PAD.decode(text))
                .map_err(|_| KeyError::Malformed)?
        };
        let bytes: [u8; KEY_LENGTH] = bytes.try_into().map_err(|_: Vec<u8>| KeyError::Malformed)?;
        Ok(Self::new(bytes))
    }

    /// A sealer with the key in the file at `path`. If there is no such file, one is made with a new key, readable by
    /// its owner alone.
    pub fn from_file(path: &Path) -> Result<Sealer, KeyError> {
        let failed = |source| KeyError::File { path: path.to_owned(), source };
        if !path.try_exists().map_err(failed)? {
            match write_new_key(path) {
                // Somebody else has made it meanwhile.
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                made => made.map_err(failed)?,
            }
        }
        let mode = fs::metadata(path).map_err(failed)?.permissions().mode();
        if mode & 0o077 != 0 {
            return Err(KeyError::Exposed(path.to_owned()));
        }
        Self::from_key(&fs::read_to_string(path).map_err(failed)?.into())
    }

    fn new(bytes: [u8; KEY_LENGTH]) -> Sealer {
        // One-way, and with a purpose in front: it is stored in the clear beside what the key sealed.
        let digest = Sha256::new().chain_update(b"taskgauge key id").chain_update(bytes).finalize();
        let key_id = hex(&digest[..4]);
        Sealer { key: Arc::new(SecretBox::new(Box::new(bytes))), key_id }
    }

    /// A short name of the key, from which the key cannot be found.
    pub fn key_id(&self) -> &str {
        &self.key_id
    }

    /// Seals `plain` for that purpose and owner; the same two open it.
    pub fn seal(&self, purpose: &str, owner: &str, plain: &[u8]) -> Result<Vec<u8>, StoreError> {
        let nonce: [u8; NONCE_LENGTH] = rand::random();
        let bound = bound_to(purpose, owner);
        let sealed = self
            .cipher()
            .encrypt(&XNonce::from(nonce), Payload { msg: plain, aad: &bound })
            .map_err(|_| StoreError::Invalid("This value is too long to be sealed.".into()))?;
        Ok([&nonce[..], &sealed].concat())
    }

    /// Opens what [`Sealer::seal`] made.
    ///
    /// # Errors
    /// [`StoreError::WrongKey`] when the key, the purpose or the owner is another, or the value was changed.
    pub fn open(&self, purpose: &str, owner: &str, sealed: &[u8]) -> Result<SecretBox<Vec<u8>>, StoreError> {
        let (nonce, sealed) = sealed.split_first_chunk::<NONCE_LENGTH>().ok_or(StoreError::WrongKey)?;
        let bound = bound_to(purpose, owner);
        self.cipher()
            .decrypt(&XNonce::from(*nonce), Payload { msg: sealed, aad: &bound })
            .map(|plain| SecretBox::new(Box::new(plain)))
            .map_err(|_| StoreError::WrongKey)
    }

    /// Opens a sealed text.
    pub(crate) fn open_text(
        &self,
        purpose: &str,
        owner: &str,
        sealed: &[u8],
    ) -> Result<SecretString, StoreError> {
        let plain = self.open(purpose, owner, sealed)?;
        let text = std::str::from_utf8(plain.expose_secret()).map_err(|_| StoreError::WrongKey)?;
        Ok(text.into())
    }

    fn cipher(&self) -> XChaCha20Poly1305 {
        XChaCha20Poly1305::new(&Key::from(*self.key.expose_secret()))
    }
}

/// Makes a key file that is there whole or not at all, whenever the disk is full or the power fails: a key that is lost
/// takes the credentials with it, and half of one would never be replaced.
fn write_new_key(path: &Path) -> io::Result<()> {
    let bytes: [u8; KEY_LENGTH] = rand::random();
    let text = base64::prelude::BASE64_STANDARD.encode(bytes);
    let mut draft = path.as_os_str().to_owned();
    // Of its own: in containers, all processes have the same number.
    draft.push(format!(".{:016x}", rand::random::<u64>()));
    let draft = Path::new(&draft);
    let write = |path: &Path| {
        let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
        file.write_all(format!("{text}\n").as_bytes())?;
        file.sync_all()
    };
    // Unlike renaming, a link never replaces a key.
    let written = write(draft).and_then(|()| match fs::hard_link(draft, path) {
        Err(error)
            if matches!(error.kind(), io::ErrorKind::Unsupported | io::ErrorKind::PermissionDenied) =>
        {
            // A file system without links.
            write(path)
        }
        linked => linked,
    });
    // Nothing is lost with it: it is a second name, or no key.
    let _ = fs::remove_file(draft);
    written?;
    path.parent().map_or(Ok(()), |folder| fs::File::open(folder)?.sync_all())
}

/// Bytes as hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The associated data: no two pairs give the same bytes, because the length of the first is in front.
fn bound_to(purpose: &str, owner: &str) -> Vec<u8> {
    let length = purpose.len() as u64;
    [&length.to_be_bytes()[..], purpose.as_bytes(), owner.as_bytes()].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sealer(fill: u8) -> Sealer {
        Sealer::new([fill; KEY_LENGTH])
    }

    #[test]
    fn opens_only_with_key_purpose_and_owner() {
        let sealed = sealer(1).seal("secret", "7", b"words").unwrap();
        assert_eq!(sealer(1).open("secret", "7", &sealed).unwrap().expose_secret(), b"words");
        assert!(!sealed.windows(5).any(|window| window == b"words"));
        for (sealer, purpose, owner) in
            [(sealer(2), "secret", "7"), (sealer(1), "secre", "t7"), (sealer(1), "secret", "8")]
        {
            assert!(matches!(sealer.open(purpose, owner, &sealed), Err(StoreError::WrongKey)));
        }
        let mut changed = sealed.clone();
        *changed.last_mut().unwrap() ^= 1;
        assert!(matches!(sealer(1).open("secret", "7", &changed), Err(StoreError::WrongKey)));
        assert!(matches!(sealer(1).open("secret", "7", b"short"), Err(StoreError::WrongKey)));
    }

    #[test]
    fn the_same_value_is_never_sealed_alike() {
        assert_ne!(sealer(1).seal("a", "b", b"c").unwrap(), sealer(1).seal("a", "b", b"c").unwrap());
    }

    #[test]
    fn keys_are_read_as_hex_and_base64() {
        let key = |text: &str| Sealer::from_key(&text.into());
        let hex = key(&"ab".repeat(32)).unwrap();
        assert_eq!(hex.key_id(), sealer(0xab).key_id());
        let bytes = [0xfb_u8; KEY_LENGTH];
        for text in [
            base64::prelude::BASE64_STANDARD.encode(bytes),
            base64::prelude::BASE64_URL_SAFE_NO_PAD.encode(bytes),
        ] {
            assert_eq!(key(&format!(" {text}\n")).unwrap().key_id(), sealer(0xfb).key_id());
        }
        for text in ["", "password", &"ab".repeat(31), &"zz".repeat(32)] {
            assert!(matches!(key(text), Err(KeyError::Malformed)), "{text}");
        }
    }

    #[test]
    fn a_key_file_is_made_once_and_must_be_private() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let made = Sealer::from_file(&path).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(Sealer::from_file(&path).unwrap().key_id(), made.key_id());
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(Sealer::from_file(&path), Err(KeyError::Exposed(_))));
        let nowhere = folder.path().join("none/key");
        assert!(Sealer::from_file(&nowhere).unwrap_err().to_string().contains("cannot be read or made"));
    }

    #[test]
    fn debug_does_not_show_the_key() {
        let shown = format!("{:?}", sealer(7));
        assert!(shown.contains(sealer(7).key_id()) && !shown.contains("7, 7"));
    }
}
