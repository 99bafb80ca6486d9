// SPDX-License-Identifier: MIT
//! A module that can be instantiated: its image, shared by all its instances.

use alloc::string::String;
use wrt_foundation::{ExternKind, Shared, WrtResult};
use wrt_runtime::image::Image;
#[cfg(all(feature = "threaded", feature = "loader"))]
use wrt_runtime::translate::{Validated, lazy::Template};
#[cfg(all(feature = "loader", target_has_atomic = "ptr"))]
use wrt_runtime::translate::{Wanted, translate_vec_for};

/// A module; one that exists is valid. Cloning shares the image.
#[derive(Clone, Debug)]
pub struct Module {
    image: Shared<'static, u32>,
    /// It has no code yet.
    #[cfg(all(feature = "threaded", feature = "loader"))]
    pub(crate) lazy: Option<alloc::sync::Arc<Template<'static>>>,
}

impl From<Shared<'static, u32>> for Module {
    fn from(image: Shared<'static, u32>) -> Module {
        Module {
            image,
            #[cfg(all(feature = "threaded", feature = "loader"))]
            lazy: None,
        }
    }
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
        Ok(Shared::Arc(alloc::sync::Arc::new(image)).into())
    }

    /// The same, but each function is translated when it is first called, in each instance: a program calls few of its functions.
    /// The binary is kept. What is called runs as it would, and costs the same fuel; but a call may take as long as
    /// translating the function does, which no interrupt shortens. Where that is not possible (a build without the threaded
    /// loop, a module with shared memories), all is translated now.
    ///
    /// # Errors
    /// As [`Module::from_bytes`]; with [`Validated::WhenCalled`] nothing is said of functions before they are called. A call of a
    /// function that cannot be translated gives the error, and the instance goes on: what is invalid; or
    /// [`Unsupported`](crate::ErrorKind::Unsupported), because its code is many times as large as usual.
    #[cfg(all(feature = "threaded", feature = "loader"))]
    pub fn from_bytes_lazily(wasm: alloc::sync::Arc<alloc::vec::Vec<u8>>, validated: Validated) -> WrtResult<Module> {
        let wanted = Wanted { names: cfg!(feature = "std"), ..Wanted::default() };
        match Template::new(Shared::Arc(wasm.clone()), wanted, validated)? {
            Some(template) => Ok(Module { image: Shared::Arc(template.image().clone()), lazy: Some(alloc::sync::Arc::new(template)) }),
            None => Module::from_bytes(&wasm),
        }
    }

    /// An image in flash, as [`include_image!`](crate::include_image) or `wrt compile` gives it; run in place.
    ///
    /// # Errors
    /// [`Image`](crate::ErrorKind::Image) when it is damaged or of another version.
    pub fn from_image(words: &'static [u32]) -> WrtResult<Module> {
        Image::new(words)?;
        Ok(Shared::Ref(words).into())
    }

    /// An image file's bytes, copied and verified.
    ///
    /// # Errors
    /// [`Image`](crate::ErrorKind::Image) when it is damaged or of another version.
    #[cfg(target_has_atomic = "ptr")]
    pub fn from_image_bytes(bytes: &[u8]) -> WrtResult<Module> {
        let words = crate::collected(bytes.as_chunks::<4>().0.iter().map(|w| u32::from_le_bytes(*w)))?;
        Image::new(&words)?.verify()?;
        Ok(Shared::Arc(alloc::sync::Arc::new(words)).into())
    }

    /// The image; without its code, if that is translated when it is called.
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
