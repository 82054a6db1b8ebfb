//! Where the tiles of a dashboard lie on its grid, and how a board that is too tall for a screen is cut into screenfuls.
//!
//! Browsers place tiles by themselves where a page can be scrolled. A screen on the wall cannot: there the places are
//! reckoned here, in the same way, so that a board is cut between tiles and never through one.

use crate::dashboard::GRID_COLUMNS;

/// How a screen hangs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Shape {
    /// Wider than high.
    #[default]
    Wide,
    /// Higher than wide. Type is as large as on a wide one, so there is room for half as many columns and more rows.
    Tall,
}

impl Shape {
    /// Columns of the grid on it.
    pub const fn columns(self) -> u8 {
        match self {
            Shape::Wide => GRID_COLUMNS,
            Shape::Tall => GRID_COLUMNS / 2,
        }
    }

    /// Columns of a tile that is so wide on twelve. On an upright screen a third becomes a half, so that two of them stand
    /// beside each other.
    const fn columns_of(self, width: u8) -> u8 {
        match (self, width) {
            (Shape::Tall, 4) => 3,
            _ => width,
        }
    }

    /// Most rows of the grid on it: with more, tiles are too low for type that can be read across a room.
    pub const fn rows_max(self) -> u16 {
        match self {
            Shape::Wide => 9,
            Shape::Tall => 15,
        }
    }
}

/// Where a tile lies: its first column and row, counted from 0, and how many it takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// First column.
    pub column: u8,
    /// First row.
    pub row: u16,
    /// Columns.
    pub width: u8,
    /// Rows.
    pub height: u8,
}

/// What of a board is on the screen at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Screenful {
    /// Numbers of the tiles on the board, and where they lie on this screen.
    pub tiles: Vec<(usize, Place)>,
    /// Rows that they take together.
    pub rows: u16,
}

/// Places of tiles of these widths and heights, in order, on a grid of so many columns: each lies behind the one before,
/// in the first gap that takes it. Tiles that are wider than the grid become as wide as it is.
pub fn places(sizes: &[(u8, u8)], columns: u8) -> Vec<Place> {
    let mut taken = Taken { cells: Vec::new(), columns: usize::from(columns.max(1)) };
    let (mut row, mut column) = (0, 0);
    let mut found = Vec::with_capacity(sizes.len());
    for (width, height) in sizes {
        let (width, height) = (usize::from(*width).clamp(1, taken.columns), usize::from(*height).max(1));
        loop {
            if column + width > taken.columns {
                (row, column) = (row + 1, 0);
            }
            if taken.is_free(row, height, column, width) {
                break;
            }
            column += 1;
        }
        taken.fill(row, height, column, width);
        found.push(Place {
            column: u8::try_from(column).unwrap_or(0),
            row: u16::try_from(row).unwrap_or(u16::MAX),
            width: u8::try_from(width).unwrap_or(columns),
            height: u8::try_from(height).unwrap_or(u8::MAX),
        });
        column += width;
    }
    // Boards are laid out for twelve columns and leave no holes there; on fewer, tiles grow into those beside them.
    if columns < GRID_COLUMNS {
        for place in &mut found {
            let (row, height) = (usize::from(place.row), usize::from(place.height));
            while taken.is_free(row, height, usize::from(place.column + place.width), 1) {
                taken.fill(row, height, usize::from(place.column + place.width), 1);
                place.width += 1;
            }
        }
    }
    found
}

/// Which cells of a grid are taken, row by row.
struct Taken {
    cells: Vec<Vec<bool>>,
    columns: usize,
}

impl Taken {
    /// Whether these cells are on the grid and free. The grid has as many rows as it takes.
    fn is_free(&self, row: usize, height: usize, column: usize, width: usize) -> bool {
        column + width <= self.columns
            && self
                .cells
                .iter()
                .skip(row)
                .take(height)
                .all(|cells| !cells[column..column + width].contains(&true))
    }

    fn fill(&mut self, row: usize, height: usize, column: usize, width: usize) {
        if self.cells.len() < row + height {
            self.cells.resize(row + height, vec![false; self.columns]);
        }
        for cells in &mut self.cells[row..row + height] {
            cells[column..column + width].fill(true);
        }
    }
}

/// Cuts a board into screenfuls for a screen of this shape, about equally tall. One that cannot be cut is taller.
pub fn screenfuls(sizes: &[(u8, u8)], shape: Shape) -> Vec<Screenful> {
    let sizes: Vec<(u8, u8)> =
        sizes.iter().map(|(width, height)| (shape.columns_of(*width), *height)).collect();
    let places = places(&sizes, shape.columns());
    let bands = bands(&places);
    let fewest = gathered(&bands, shape.rows_max()).len();
    // The lowest limit that needs no more screens: eight rows and two become five and five.
    let screens = (1..=shape.rows_max())
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
fn bands(places: &[Place]) -> Vec<(u16, u16)> {
    let spans = || places.iter().map(|place| (place.row, place.row + u16::from(place.height)));
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
        assert_eq!(at(&places(&[(8, 4), (4, 2), (4, 2), (6, 3)], 12)), [(0, 0), (8, 0), (8, 2), (0, 4)]);
        // A tile that does not fit any more begins a row, and gaps behind are not filled.
        assert_eq!(at(&places(&[(7, 1), (7, 1), (5, 1)], 12)), [(0, 0), (0, 1), (7, 1)]);
        // The next one goes beside a tall one.
        assert_eq!(at(&places(&[(6, 3), (6, 1), (6, 1)], 12)), [(0, 0), (6, 0), (6, 1)]);
        assert_eq!(at(&places(&[(0, 0), (99, 1)], 12)), [(0, 0), (0, 1)]);
    }

    #[test]
    fn on_fewer_columns_tiles_grow_into_the_holes_beside_them() {
        let widths = |sizes: &[(u8, u8)]| -> Vec<(u8, u8)> {
            places(sizes, 6).iter().map(|place| (place.column, place.width)).collect()
        };
        assert_eq!(widths(&[(2, 2); 5]), [(0, 2), (2, 2), (4, 2), (0, 2), (2, 4)]);
        assert_eq!(widths(&[(4, 4), (4, 4), (12, 3)]), [(0, 6), (0, 6), (0, 6)]);
        // Beside a tall one there is no hole where another lies.
        assert_eq!(widths(&[(3, 4), (2, 2), (2, 2)]), [(0, 3), (3, 3), (3, 3)]);
        assert_eq!(widths(&[(3, 4), (3, 2), (4, 2)]), [(0, 3), (3, 3), (0, 6)]);
    }

    #[test]
    fn on_an_upright_screen_thirds_are_halves() {
        let screens = screenfuls(&[(4, 4), (4, 4), (4, 4), (8, 4)], Shape::Tall);
        let widths: Vec<(u8, u16)> =
            screens[0].tiles.iter().map(|(_, place)| (place.width, place.row)).collect();
        assert_eq!(widths, [(3, 0), (3, 0), (6, 4), (6, 8)]);
    }

    #[test]
    fn boards_are_cut_between_tiles_into_equal_parts() {
        let rows = |sizes: &[(u8, u8)]| -> Vec<u16> {
            screenfuls(sizes, Shape::Wide).iter().map(|screen| screen.rows).collect()
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
            for shape in [Shape::Wide, Shape::Tall] {
                let screens = screenfuls(&sizes, shape);
                let shown: Vec<usize> = screens
                    .iter()
                    .flat_map(|screen| screen.tiles.iter().map(|(number, _)| *number))
                    .collect();
                assert_eq!(shown, (0..sizes.len()).collect::<Vec<_>>(), "{}", board.id);
                assert!(screens.iter().all(|screen| screen.rows <= shape.rows_max()), "{}", board.id);
            }
        }
    }
}
