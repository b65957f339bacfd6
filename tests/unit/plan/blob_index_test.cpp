#include <image_syncer/plan/blob_index.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace image_syncer {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

class BlobIndexTest : public testing::Test {
 protected:
  BlobIndex::Claim claim(const Repository& repository, WaiterId waiter, bool can_mount = true) {
    return index.claim(repository, digest, can_mount, waiter).claim;
  }

  BlobIndex index;
  const Digest digest = Digest::of("blob");
  const Repository x = parse_repository("t.example/x");
  const Repository y = parse_repository("t.example/y");
  const Repository other = parse_repository("u.example/x");
};

TEST_F(BlobIndexTest, MovesABlobOnceIntoARepository) {
  EXPECT_EQ(claim(x, 1), BlobIndex::Claim::claimed);
  EXPECT_EQ(claim(x, 2), BlobIndex::Claim::waiting);
  EXPECT_THAT(index.done(x, digest), ElementsAre(2));
  EXPECT_EQ(claim(x, 2), BlobIndex::Claim::present);
  EXPECT_TRUE(index.holds(x, digest));
}

TEST_F(BlobIndexTest, MountsFromTheRepositoryThatIsDone) {
  EXPECT_EQ(claim(x, 1), BlobIndex::Claim::claimed);
  EXPECT_EQ(claim(y, 2), BlobIndex::Claim::waiting);
  EXPECT_THAT(index.done(x, digest), ElementsAre(2));
  const auto result = index.claim(y, digest, true, 2);
  EXPECT_EQ(result.claim, BlobIndex::Claim::claimed);
  EXPECT_EQ(result.mount_from, x);
}

TEST_F(BlobIndexTest, DoesNotWaitForAMountThatCannotBe) {
  EXPECT_EQ(claim(x, 1, false), BlobIndex::Claim::claimed);
  const auto result = index.claim(y, digest, false, 2);
  EXPECT_EQ(result.claim, BlobIndex::Claim::claimed);
  EXPECT_FALSE(result.mount_from);
}

TEST_F(BlobIndexTest, KeepsRegistriesApart) {
  EXPECT_EQ(claim(x, 1), BlobIndex::Claim::claimed);
  EXPECT_EQ(claim(other, 2), BlobIndex::Claim::claimed);
}

TEST_F(BlobIndexTest, PassesTheLeadOnWhenItIsGivenUp) {
  EXPECT_EQ(claim(x, 1), BlobIndex::Claim::claimed);
  EXPECT_EQ(claim(x, 2), BlobIndex::Claim::waiting);
  EXPECT_EQ(claim(y, 3), BlobIndex::Claim::waiting);
  EXPECT_THAT(index.release(x, digest), UnorderedElementsAre(2, 3));
  EXPECT_EQ(claim(y, 3), BlobIndex::Claim::claimed);
  EXPECT_EQ(claim(x, 2), BlobIndex::Claim::waiting) << "now it waits for the other repository";
}

TEST_F(BlobIndexTest, LetsTheOwnerOfAClaimWaitForWhoeverItHandedItTo) {
  EXPECT_FALSE(index.wait_for(x, digest, 1)) << "nobody moves it";
  EXPECT_EQ(claim(x, 1), BlobIndex::Claim::claimed);
  EXPECT_TRUE(index.wait_for(x, digest, 1));
  EXPECT_THAT(index.done(x, digest), ElementsAre(1));
  EXPECT_FALSE(index.wait_for(x, digest, 1)) << "it is there";
}

TEST_F(BlobIndexTest, ForgetsWhatARegistryDenies) {
  index.note_present(x, digest);
  EXPECT_EQ(claim(x, 1), BlobIndex::Claim::present);
  index.forget(x, digest);
  EXPECT_EQ(claim(x, 1), BlobIndex::Claim::claimed);
  index.forget(x, digest);
  EXPECT_EQ(claim(x, 2), BlobIndex::Claim::waiting) << "a claim is not forgotten";
}

TEST_F(BlobIndexTest, StaysSmall) {
  BlobIndex small(10);
  for (int blob = 0; blob < 100; ++blob) {
    const Digest one = Digest::of(std::to_string(blob));
    EXPECT_EQ(small.claim(x, one, true, 1).claim, BlobIndex::Claim::claimed);
    EXPECT_THAT(small.done(x, one), IsEmpty());
  }
  EXPECT_LE(small.size(), 10U);
  EXPECT_TRUE(small.holds(x, Digest::of("99")));
}

TEST_F(BlobIndexTest, NeverForgetsWhatIsBeingMoved) {
  BlobIndex small(1);
  EXPECT_EQ(small.claim(x, digest, true, 1).claim, BlobIndex::Claim::claimed);
  for (int blob = 0; blob < 10; ++blob) {
    const Digest one = Digest::of(std::to_string(blob));
    static_cast<void>(small.claim(x, one, true, 1));
    static_cast<void>(small.done(x, one));
  }
  EXPECT_EQ(small.claim(x, digest, true, 2).claim, BlobIndex::Claim::waiting);
}

}  // namespace
}  // namespace image_syncer
