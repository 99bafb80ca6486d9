// SPDX-License-Identifier: MIT
//! A module that can be instantiated: its image, shared by all its instances.

use alloc::string::String;
use wrt_foundation::{ExternKind, Shared, WrtResult};
use wrt_runtime::image::Image;
#[cfg(all(feature = "loader", target_has_atomic = "ptr"))]
use wrt_runtime::translate::{Wanted, translate_vec_for};

/// A module; one that exists is valid. Cloning shares the image.
#[derive(Clone, Debug)]
pub struct Module {
    image: Shared<'static, u32>,
}

impl Module {
    /// Decodes, validates and translates a WebAssembly binary, which is not needed afterwards. With `std` the names of its
    /// functions are kept.
    ///
    /// # Errors
    /// [`Malformed`](crate::ErrorKind::Malformed) and [`Invalid`](crate::ErrorKind::Invalid) with the byte offset;
    /// [`Unsupported`](crate::ErrorKind::Unsupported) names the feature or limit.
    #[cfg(all(feature = "loader", target_has_atomic = "ptr"))]
    pub fn from_bytes(wasm: &[u8]) -> WrtResult<Module> {
        let wanted = Wanted { names: cfg!(feature = "std"), ..Wanted::default() };
        let (image, _) = translate_vec_for(wanted, wasm)?;
        Ok(Module { image: Shared::Arc(image.into()) })
    }

    /// An image in flash, as [`include_image!`](crate::include_image) or `wrt compile` gives it; run in place.
    ///
    /// # Errors
    /// [`Image`](crate::ErrorKind::Image) when it is damaged or of another version.
    pub fn from_image(words: &'static [u32]) -> WrtResult<Module> {
        Image::new(words)?;
        Ok(Module { image: Shared::Ref(words) })
    }

    /// An image file's bytes, copied and verified.
    ///
    /// # Errors
    /// [`Image`](crate::ErrorKind::Image) when it is damaged or of another version.
    #[cfg(target_has_atomic = "ptr")]
    pub fn from_image_bytes(bytes: &[u8]) -> WrtResult<Module> {
        let words = crate::collected(bytes.as_chunks::<4>().0.iter().map(|w| u32::from_le_bytes(*w)))?;
        Image::new(&words)?.verify()?;
        Ok(Module { image: Shared::Arc(words.into()) })
    }

    /// The image.
    ///
    /// # Errors
    /// None for a module that exists; the image's header is looked at again.
    pub fn image(&self) -> WrtResult<Image<'_>> {
        Ok(Image::new(&self.image)?)
    }

    pub(crate) fn words(&self) -> Shared<'static, u32> {
        self.image.clone()
    }

    /// Module part, name and kind of what it imports.
    pub fn imports(&self) -> impl Iterator<Item = (String, String, ExternKind)> {
        let image = self.image().ok();
        image.into_iter().flat_map(|i| i.imports()).map(|i| (i.module.to_string_lossy(), i.name.to_string_lossy(), i.kind))
    }

    /// Name and kind of what it exports.
    pub fn exports(&self) -> impl Iterator<Item = (String, ExternKind)> {
        let image = self.image().ok();
        image.into_iter().flat_map(|i| i.exports()).map(|e| (e.name.to_string_lossy(), e.kind))
    }
}
