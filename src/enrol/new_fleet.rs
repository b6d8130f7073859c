//! Making a fleet in an empty database, for the command and the demo.

use zeroize::Zeroizing;

use crate::{
    backup_encryption::{self, Recipient},
    fleet::{self, Connection, FirstKey},
    store::directory::Cost,
};

/// Why a fleet cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum MakeFleetError {
    /// The database refuses.
    #[error(transparent)]
    Database(#[from] fleet::Error),
    /// The data key cannot be encrypted.
    #[error("the fleet's data key cannot be encrypted to its admin")]
    Wrap(#[source] backup_encryption::Error),
}

/// Makes a fleet with a new data key, which only the admin with this recipient can open. `cost` is that of the hash of every
/// PIN.
///
/// # Errors
///
/// Those of [`fleet::init`], and [`MakeFleetError::Wrap`].
pub async fn make_fleet(connection: &mut Connection, recipient: &Recipient, cost: Cost) -> Result<(), MakeFleetError> {
    let (mut key, mut salt) = (Zeroizing::new([0; 32]), [0; 16]);
    let drawn = getrandom::fill(&mut *key).and_then(|()| getrandom::fill(&mut salt));
    drawn.map_err(|_| fleet::Error::Random)?;
    let wrapped = recipient.encrypt(&*key).map_err(MakeFleetError::Wrap)?;
    let cost = [cost.memory_kib, cost.passes, cost.lanes].map(u32::cast_signed);
    let first = FirstKey { salt, cost, recipient: &recipient.to_string(), wrapped: &wrapped };
    Ok(fleet::init(connection, &first).await?)
}
