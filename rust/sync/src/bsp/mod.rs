//! BSP 0, sync as Bramble speaks it (BRAMBLE 6).
