// SPDX-License-Identifier: MIT
//! Where pages and waiting come from: Linux or the standard library (`std`), a port (`port`), or nowhere.

#[cfg(any(feature = "std", feature = "port"))]
pub(crate) use waiting::{Parking, parking};

pub(crate) use pages::{SystemRegion, region};

#[cfg(any(feature = "port", all(feature = "std", target_os = "linux")))]
mod pages {
    use wrt_platform::{Region, WrtResult};

    #[cfg(feature = "port")]
    type Pages = wrt_platform::PortAllocator;
    #[cfg(not(feature = "port"))]
    type Pages = wrt_platform::LinuxAllocator;

    /// Pages of the system.
    pub(crate) type SystemRegion = Region<Pages>;

    /// `first` pages of the system that can become `most`, which is more than 0.
    pub(crate) fn region(first: u32, most: u32) -> WrtResult<SystemRegion> {
        #[cfg(feature = "port")]
        let pages = wrt_platform::port::allocator(most);
        #[cfg(not(feature = "port"))]
        let pages = Pages::new(most as usize)?;
        Region::new(pages, first, Some(most))
    }
}
#[cfg(not(any(feature = "port", all(feature = "std", target_os = "linux"))))]
mod pages {
    use wrt_platform::{Error, ErrorKind, WrtResult};

    /// There is none.
    pub(crate) enum SystemRegion {}
    impl SystemRegion {
        pub(crate) fn pages(&self) -> u32 {
            match *self {}
        }
        pub(crate) fn grow(&mut self, _: u32) -> WrtResult<u32> {
            match *self {}
        }
        pub(crate) fn as_mut_slice(&mut self) -> &mut [u8] {
            match *self {}
        }
    }

    /// None.
    pub(crate) fn region(_: u32, _: u32) -> WrtResult<SystemRegion> {
        Err(Error::new(ErrorKind::Unsupported, "this build has no pages of the system"))
    }
}

#[cfg(all(feature = "std", target_os = "linux"))]
mod waiting {
    pub(crate) type Parking = wrt_platform::LinuxParking;
    pub(crate) fn parking() -> Parking {
        wrt_platform::LinuxParking::linux()
    }
}
#[cfg(all(feature = "std", not(target_os = "linux")))]
mod waiting {
    pub(crate) type Parking = wrt_platform::StdParking;
    pub(crate) fn parking() -> Parking {
        wrt_platform::StdParking::new()
    }
}
#[cfg(feature = "port")]
mod waiting {
    pub(crate) type Parking = wrt_platform::PortParking;
    pub(crate) fn parking() -> Parking {
        wrt_platform::PortParking
    }
}
