//! Where the tiles of a dashboard lie on its grid, and how a board that is too tall for a screen is cut into screenfuls.
//!
//! Browsers place tiles by themselves where a page can be scrolled. A screen on the wall cannot: there the places are
//! reckoned here, in the same way, so that a board is cut between tiles and never through one.

use crate::dashboard::GRID_COLUMNS;

/// Where a tile begins, counted from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// First column.
    pub column: u8,
    /// First row.
    pub row: u16,
}

/// What of a board is on the screen at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Screenful {
    /// Numbers of the tiles on the board, and where they lie on this screen.
    pub tiles: Vec<(usize, Place)>,
    /// Rows that they take together.
    pub rows: u16,
}

/// Places of tiles of these widths and heights, in order: each lies behind the one before, in the first gap that takes it.
pub fn places(sizes: &[(u8, u8)]) -> Vec<Place> {
    let columns = usize::from(GRID_COLUMNS);
    let mut taken: Vec<[bool; GRID_COLUMNS as usize]> = Vec::new();
    let (mut row, mut column) = (0, 0);
    let mut found = Vec::with_capacity(sizes.len());
    for (width, height) in sizes {
        let (width, height) = (usize::from(*width).clamp(1, columns), usize::from(*height).max(1));
        loop {
            if column + width > columns {
                (row, column) = (row + 1, 0);
            }
            if taken.len() < row + height {
                taken.resize(row + height, [false; GRID_COLUMNS as usize]);
            }
            let is_free =
                taken[row..row + height].iter().all(|cells| !cells[column..column + width].contains(&true));
            if is_free {
                break;
            }
            column += 1;
        }
        for cells in &mut taken[row..row + height] {
            cells[column..column + width].fill(true);
        }
        found.push(Place {
            column: u8::try_from(column).unwrap_or(0),
            row: u16::try_from(row).unwrap_or(u16::MAX),
        });
        column += width;
    }
    found
}

/// Cuts a board into screenfuls of at most so many rows, about equally tall. One that cannot be cut is taller.
pub fn screenfuls(sizes: &[(u8, u8)], rows_max: u16) -> Vec<Screenful> {
    let places = places(sizes);
    let bands = bands(sizes, &places);
    let fewest = gathered(&bands, rows_max).len();
    // The lowest limit that needs no more screens: eight rows and two become five and five.
    let screens = (1..=rows_max)
        .map(|limit| gathered(&bands, limit))
        .find(|screens| screens.len() == fewest)
        .unwrap_or_default();
    screens
        .into_iter()
        .map(|(from, to)| Screenful {
            rows: to - from,
            tiles: places
                .iter()
                .enumerate()
                .filter(|(_, place)| (from..to).contains(&place.row))
                .map(|(number, place)| (number, Place { row: place.row - from, ..*place }))
                .collect(),
        })
        .collect()
}

/// Rows between which no tile lies: from, to.
fn bands(sizes: &[(u8, u8)], places: &[Place]) -> Vec<(u16, u16)> {
    let spans = || {
        places
            .iter()
            .zip(sizes)
            .map(|(place, (_, height))| (place.row, place.row + u16::from((*height).max(1))))
    };
    let end = spans().map(|(_, to)| to).max().unwrap_or(0);
    let cuts = (0..=end).filter(|row| spans().all(|(from, to)| *row <= from || *row >= to));
    let cuts: Vec<u16> = cuts.collect();
    cuts.windows(2).map(|pair| (pair[0], pair[1])).collect()
}

/// Bands put together in order while they are within the limit.
fn gathered(bands: &[(u16, u16)], limit: u16) -> Vec<(u16, u16)> {
    bands.iter().fold(Vec::new(), |mut screens: Vec<(u16, u16)>, (from, to)| {
        match screens.last_mut().filter(|screen| to - screen.0 <= limit) {
            Some(screen) => screen.1 = *to,
            None => screens.push((*from, *to)),
        }
        screens
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(places: &[Place]) -> Vec<(u8, u16)> {
        places.iter().map(|place| (place.column, place.row)).collect()
    }

    #[test]
    fn tiles_lie_as_a_browser_lays_them() {
        assert_eq!(at(&places(&[(8, 4), (4, 2), (4, 2), (6, 3)])), [(0, 0), (8, 0), (8, 2), (0, 4)]);
        // A tile that does not fit any more begins a row, and gaps behind are not filled.
        assert_eq!(at(&places(&[(7, 1), (7, 1), (5, 1)])), [(0, 0), (0, 1), (7, 1)]);
        // The next one goes beside a tall one.
        assert_eq!(at(&places(&[(6, 3), (6, 1), (6, 1)])), [(0, 0), (6, 0), (6, 1)]);
        assert_eq!(at(&places(&[(0, 0), (99, 1)])), [(0, 0), (0, 1)]);
    }

    #[test]
    fn boards_are_cut_between_tiles_into_equal_parts() {
        let rows = |sizes: &[(u8, u8)]| -> Vec<u16> {
            screenfuls(sizes, 9).iter().map(|screen| screen.rows).collect()
        };
        assert!(rows(&[]).is_empty());
        assert_eq!(rows(&[(12, 2); 5]), [6, 4]);
        assert_eq!(rows(&[(12, 4), (12, 4), (12, 1), (12, 1)]), [4, 6]);
        assert_eq!(rows(&[(12, 2), (12, 7), (12, 4)]), [9, 4]);
        assert_eq!(rows(&[(12, 12), (12, 1)]), [12, 1], "one that cannot be cut is taller");
        assert_eq!(rows(&[(6, 4), (6, 6), (6, 4)]), [8], "no cut through the tall one");
    }

    #[test]
    fn every_tile_is_on_one_screen() {
        for board in &crate::catalogue::Catalogue::shipped().dashboards {
            let sizes: Vec<(u8, u8)> = board.tiles.iter().map(|tile| (tile.width, tile.height)).collect();
            let screens = screenfuls(&sizes, 9);
            let shown: Vec<usize> =
                screens.iter().flat_map(|screen| screen.tiles.iter().map(|(number, _)| *number)).collect();
            assert_eq!(shown, (0..sizes.len()).collect::<Vec<_>>(), "{}", board.id);
            assert!(screens.iter().all(|screen| screen.rows <= 9), "{}", board.id);
        }
    }
}
