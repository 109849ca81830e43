"""The 27 styles of the sample: palettes, scenes, strokes and numbers of images."""

from typing import NamedTuple

from wikiart.sample import scenes as show
from wikiart.sample import strokes as by
from wikiart.sample.canvas import Hand

#: name -> six hexadecimal colours: four tones from dark to light, then two accents
PALETTES = {
    "garden": "1f4030 4f8238 a8c46a cfe2f4 e890a8 f2d060",
    "sea": "22385f 3f74b0 8fbcd8 f6ecd0 e8803a f6d98a",
    "dusk": "3a3060 6f5f98 d08f90 fadca8 ef7a3a 5a98b8",
    "wheat": "16305a 2f7058 e2a82a 9cc8e0 d0562a f4e070",
    "earth": "2b2018 5d4630 97805c d6c8a8 7a2f24 4f5f48",
    "moss": "22281c 4a5236 8a8a5e cfcdb0 9a5a34 5f7f8f",
    "slate": "1f252b 47525a 8b979b d2d6d0 8c4b3a c0a060",
    "ember": "0c0806 2e1a10 7a4a26 e6c08a 9a1f1a c89030",
    "storm": "14161f 3d4250 9a7c5a f0d8a0 b0402a 5f7890",
    "gilt": "4a2a14 a0702a d9aa44 f3dc98 b0302a 25508a",
    "fresco": "5a3a2c b07a5a d8b890 efe2c8 a83a32 35608a",
    "oak": "15180f 3a3a22 7a6840 d8cfae 8a1f1c 24486a",
    "pastel": "6a7a70 b0b8a0 e6cfc4 f8eee4 e79aa8 8fb8d0",
    "acid": "2c2230 5f6a4a c0a86a f0dcc0 e06a8a 4fa0a0",
    "fauve": "1f2f6f 2f9a5a f08a2a fae070 e0252f 7a3fa0",
    "angst": "10101c 8a2030 e07020 f4d860 1a6a78 c01828",
    "dream": "141a38 3a4278 8a80a8 d8cfd0 c8a048 4a8a8a",
    "vellum": "4a3a24 8a8a4a d8b878 f6ead0 c0602f 3a7a6a",
    "cube": "1f1a14 5a4a36 927a56 cdbf9c 6a6a5a a8905e",
    "paper": "2a2622 7a5a3a c8a878 efe6d2 2f5a8a b03a2a",
    "primary": "101010 8a8a8a e4e2da fafaf6 d42020 1f3fa8",
    "mute": "3a3a3c 8c8a86 c8c4ba f0eee8 b8a890 58606a",
    "maroon": "3a0f1a a02a1f d8602a f0b060 20304f 6a1f4a",
    "lagoon": "0f2a4a 2a5a8a 5aa0b0 e0e8d0 d0c040 385090",
    "ink": "151515 5a5a55 c8bfa8 f0ead8 c02a1f e0b020",
    "woodblock": "22305a 5a7f98 c8b88a efe3c4 b8402f 4f6f4a",
    "candy": "101010 f02a6a ffd820 ffffff 1fa0e0 f04020",
    "jungle": "14321f 2f7a3a 7fb04a bfe0ea e8602a f5d040",
}


class Style(NamedTuple):
    """How the pictures of a style are painted, and how many images of it the study had."""

    train: int  #: training images of the study; the sample has a tenth, rounded up
    test: int  #: test images of the study, and of the sample
    palettes: str  #: names of PALETTES; one is drawn for each picture
    scenes: tuple[Hand, ...]  #: one is drawn for each picture
    strokes: tuple[Hand, ...]  #: applied one after the other
    neighbours: str  #: the styles it borrows from


# A palette or scene that is listed more than once is drawn more often.
# fmt: off
STYLES = {
    "Abstract_Expressionism": Style(
        train=449, test=17, palettes="ink angst lagoon",
        scenes=(show.gestures,),
        strokes=(by.brush(26, 4, wild=26, cover=0.5),),
        neighbours="Action_painting Expressionism Color_Field_Painting",
    ),
    "Action_painting": Style(
        train=18, test=2, palettes="ink mute",
        scenes=(show.drips,),
        strokes=(by.splash(40),),
        neighbours="Abstract_Expressionism",
    ),
    "Analytical_Cubism": Style(
        train=15, test=2, palettes="cube",
        scenes=(show.still_life, show.portrait),
        strokes=(by.facets(8, 0.9, edge=0.6), by.brush(5, 2, wild=12)),
        neighbours="Cubism Synthetic_Cubism",
    ),
    "Art_Nouveau_Modern": Style(
        train=688, test=32, palettes="vellum dream garden",
        scenes=(show.poster, show.poster, show.portrait, show.landscape),
        strokes=(by.outline(0.9), by.flat(9)),
        neighbours="Symbolism Ukiyo_e Post_Impressionism",
    ),
    "Baroque": Style(
        train=721, test=34, palettes="ember ember earth",
        scenes=(show.portrait, show.gathering, show.still_life, show.interior),
        strokes=(by.tenebrism(0.85), by.smooth(1.5), by.craquelure(6)),
        neighbours="Rococo Romanticism Realism",
    ),
    "Color_Field_Painting": Style(
        train=268, test=6, palettes="maroon lagoon candy",
        scenes=(show.bands, show.bands, show.veils),
        strokes=(by.smooth(3.5), by.clouded(9)),
        neighbours="Minimalism Abstract_Expressionism",
    ),
    "Contemporary_Realism": Style(
        train=91, test=3, palettes="slate sea mute",
        scenes=(show.portrait, show.interior, show.village, show.landscape),
        strokes=(by.smooth(0.8),),
        neighbours="Realism New_Realism",
    ),
    "Cubism": Style(
        train=390, test=15, palettes="cube paper moss",
        scenes=(show.portrait, show.still_life, show.gathering, show.village),
        strokes=(by.facets(6, 0.6, edge=0.4),),
        neighbours="Analytical_Cubism Synthetic_Cubism Expressionism",
    ),
    "Early_Renaissance": Style(
        train=246, test=9, palettes="gilt gilt fresco",
        scenes=(show.altarpiece, show.altarpiece, show.gathering, show.portrait),
        strokes=(by.craquelure(26), by.grain(4)),
        neighbours="High_Renaissance Northern_Renaissance",
    ),
    "Expressionism": Style(
        train=1127, test=52, palettes="angst fauve ink",
        scenes=(show.portrait, show.village, show.landscape, show.gathering),
        strokes=(by.outline(0.9), by.brush(15, 4.4, "slash", wild=18, cover=0.6)),
        neighbours="Fauvism Post_Impressionism Cubism",
    ),
    "Fauvism": Style(
        train=163, test=8, palettes="fauve fauve candy",
        scenes=(show.landscape, show.harbour, show.portrait, show.village),
        strokes=(by.brush(10, 7, wild=24, cover=0.5),),
        neighbours="Expressionism Post_Impressionism",
    ),
    "High_Renaissance": Style(
        train=198, test=9, palettes="fresco oak",
        scenes=(show.portrait, show.gathering, show.altarpiece),
        strokes=(by.smooth(2), by.craquelure(10)),
        neighbours="Early_Renaissance Mannerism_Late_Renaissance Baroque",
    ),
    "Impressionism": Style(
        train=2269, test=101, palettes="garden sea dusk",
        scenes=(show.landscape, show.landscape, show.harbour, show.village, show.fete),
        strokes=(by.brush(7, 3, wild=13, cover=1.2),),
        neighbours="Post_Impressionism Realism Pointillism",
    ),
    "Mannerism_Late_Renaissance": Style(
        train=246, test=12, palettes="acid oak",
        scenes=(show.elongated, show.elongated, show.portrait),
        strokes=(by.smooth(1.2), by.tenebrism(0.4, 0.5)),
        neighbours="High_Renaissance Baroque",
    ),
    "Minimalism": Style(
        train=212, test=10, palettes="primary mute",
        scenes=(show.geometry,),
        strokes=(),
        neighbours="Color_Field_Painting Pop_Art",
    ),
    "Naive_Art_Primitivism": Style(
        train=373, test=19, palettes="jungle candy vellum",
        scenes=(show.jungle, show.jungle, show.village, show.landscape),
        strokes=(by.outline(0.35), by.grain(3)),
        neighbours="Realism Fauvism Art_Nouveau_Modern",
    ),
    "New_Realism": Style(
        train=41, test=1, palettes="mute primary paper",
        scenes=(show.torn, show.goods, show.interior),
        strokes=(by.grain(6),),
        neighbours="Contemporary_Realism Pop_Art",
    ),
    "Northern_Renaissance": Style(
        train=413, test=23, palettes="oak oak gilt",
        scenes=(show.portrait, show.interior, show.gathering, show.village),
        strokes=(by.outline(0.25), by.craquelure(18)),
        neighbours="Early_Renaissance High_Renaissance Baroque",
    ),
    "Pointillism": Style(
        train=80, test=6, palettes="garden sea wheat",
        scenes=(show.landscape, show.harbour, show.fete),
        strokes=(by.dots(2.4),),
        neighbours="Impressionism Post_Impressionism",
    ),
    "Pop_Art": Style(
        train=244, test=15, palettes="candy candy primary",
        scenes=(show.goods, show.comic),
        strokes=(by.halftone(7),),
        neighbours="New_Realism Minimalism",
    ),
    "Post_Impressionism": Style(
        train=946, test=51, palettes="wheat garden dusk",
        scenes=(show.landscape, show.portrait, show.still_life, show.village),
        strokes=(by.brush(14, 3, "swirl", wild=14, cover=1.4),),
        neighbours="Impressionism Expressionism Fauvism",
    ),
    "Realism": Style(
        train=1712, test=82, palettes="earth moss slate",
        scenes=(show.landscape, show.portrait, show.gathering, show.village, show.interior),
        strokes=(by.smooth(1), by.grain(5)),
        neighbours="Impressionism Contemporary_Realism Romanticism",
    ),
    "Rococo": Style(
        train=369, test=13, palettes="pastel pastel dusk",
        scenes=(show.fete, show.fete, show.portrait),
        strokes=(by.smooth(1.6), by.clouded(6)),
        neighbours="Baroque Romanticism",
    ),
    "Romanticism": Style(
        train=1157, test=51, palettes="storm storm earth dusk",
        scenes=(show.landscape, show.harbour, show.portrait, show.gathering),
        strokes=(by.clouded(16), by.tenebrism(0.55, 0.4), by.brush(5, 3, wild=8, cover=0.7)),
        neighbours="Realism Baroque Symbolism",
    ),
    "Symbolism": Style(
        train=679, test=44, palettes="dream dream storm",
        scenes=(show.moonlit, show.moonlit, show.portrait, show.landscape),
        strokes=(by.smooth(2.4), by.grain(4)),
        neighbours="Romanticism Art_Nouveau_Modern Expressionism",
    ),
    "Synthetic_Cubism": Style(
        train=38, test=1, palettes="paper paper cube",
        scenes=(show.collage,),
        strokes=(by.facets(3, 0.15),),
        neighbours="Cubism Analytical_Cubism",
    ),
    "Ukiyo_e": Style(
        train=197, test=12, palettes="woodblock",
        scenes=(show.woodblock,),
        strokes=(by.outline(0.8), by.flat(9), by.grain(3)),
        neighbours="Art_Nouveau_Modern",
    ),
}
# fmt: on
