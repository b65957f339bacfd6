#include "registry/link_header.hpp"

#include "unit/auth/mutations.hpp"

#include <gtest/gtest.h>

namespace image_syncer {
namespace {

TEST(LinkHeader, next) {
  struct Case {
    std::string_view name;
    std::vector<std::string> lines;
    std::optional<std::string> expected;
  };

  const std::string page = "/v2/N/tags/list?last=1.1&n=1000";
  const Case cases[] = {
      {"the usual one", {"<" + page + ">; rel=\"next\""}, page},
      {"unquoted", {"<" + page + ">; rel=next"}, page},
      {"no blank", {"<" + page + ">;rel=next"}, page},
      {"blanks everywhere", {" \t<" + page + "> ;\trel = \"next\" ;"}, page},
      {"odd case", {"<" + page + ">; REL=\"Next\""}, page},
      {"absolute", {"<https://r:5000" + page + ">; rel=\"next\""}, "https://r:5000" + page},
      {"parameters in front", {"<" + page + R"(>; title="a; b, <c>"; type=x; rel="next")"}, page},
      {"parameters behind", {"<" + page + R"(>; rel="next"; title="x")"}, page},
      {"quoted quote", {"<" + page + R"(>; title="a\"; rel=prev"; rel=next)"}, page},
      {"parameter without value", {"<" + page + ">; foo; rel=next"}, page},
      {"empty parameters", {"<" + page + ">;; ;rel=next"}, page},
      {"several relations", {"<" + page + R"(>; rel="last next")"}, page},
      {"several links", {"</first>; rel=\"first\", <" + page + ">; rel=\"next\""}, page},
      {"several links, no blank", {"</first>;rel=first,<" + page + ">;rel=next"}, page},
      {"several lines", {"</first>; rel=first", "<" + page + ">; rel=next"}, page},
      {"the first next", {"</a>; rel=next, </b>; rel=next"}, "/a"},
      {"commas and semicolons in the target",
       {"</v2/N/tags/list?last=a,b;c>; rel=\"next\", </x>; rel=\"last\""},
       "/v2/N/tags/list?last=a,b;c"},
      {"target is kept verbatim",
       {"</v2/N/tags/list?next_page=gAAA%3D%3D&x=%2f+>; rel=\"next\""},
       "/v2/N/tags/list?next_page=gAAA%3D%3D&x=%2f+"},
      {"only the first rel counts", {"<" + page + ">; rel=prev; rel=next"}, std::nullopt},
      {"other relation", {"<" + page + ">; rel=\"prev\""}, std::nullopt},
      {"part of a word", {"<" + page + ">; rel=\"nextpage\""}, std::nullopt},
      {"next in another parameter", {"<" + page + ">; title=next"}, std::nullopt},
      {"no relation", {"<" + page + ">"}, std::nullopt},
      {"rel without value", {"<" + page + ">; rel"}, std::nullopt},
      {"empty target", {"<>; rel=next"}, std::nullopt},
      {"no brackets", {page + "; rel=next"}, std::nullopt},
      {"bracket not closed", {"<" + page + "; rel=next"}, std::nullopt},
      {"rubbish in front", {"x, =, ;, \"</a>; rel=next\", <" + page + ">; rel=next"}, page},
      {"quote left open", {"<" + page + ">; rel=\"next"}, page},
      {"nothing", {""}, std::nullopt},
      {"no line", {}, std::nullopt},
  };
  for (const Case& c : cases) {
    SCOPED_TRACE(c.name);
    EXPECT_EQ(next_link(c.lines), c.expected);
  }
}

TEST(LinkHeader, takes_anything) {
  Mutations mutations(
      {"</a?b,c;d>; rel=\"next\"", "</a>; title=\"x\\\"\"; rel=first, </b>;rel=next"},
      {"<", ">", ";", ",", "\"", "\\", "=", " rel=next"},
      6);
  for (int round = 0; round < 5000; ++round) {
    const std::string line = mutations.next();
    const auto target = next_link({line});
    ASSERT_TRUE(!target || line.find("<" + *target + ">") != std::string::npos) << line;
  }
}

TEST(LinkHeader, long_header_takes_linear_time) {
  std::string line;
  for (int i = 0; i < 50000; ++i) {
    line += "<a,";
  }
  EXPECT_EQ(next_link({line}), std::nullopt);
  EXPECT_EQ(next_link({line + "</b>; rel=next"}), line.substr(1) + "</b");
}

}  // namespace
}  // namespace image_syncer
