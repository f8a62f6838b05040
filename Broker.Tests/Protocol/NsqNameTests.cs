using System.Text;
using Broker.Protocol;

namespace Broker.Tests.Protocol;

public sealed class NsqNameTests
{
    [Theory]
    [InlineData("a", true)]
    [InlineData("Az09._-", true)]
    [InlineData("a#ephemeral", true)]
    [InlineData("", false)]
    [InlineData("#ephemeral", false)]
    [InlineData("a#b", false)]
    [InlineData("a:b", false)]
    [InlineData("a b", false)]
    [InlineData("a#ephemeral#ephemeral", false)]
    [InlineData("\u00e9", false)]
    public void Names_follow_the_rule(string name, bool valid)
    {
        Assert.Equal(valid, NsqName.IsValid(Encoding.UTF8.GetBytes(name)));
        Assert.Equal(valid, NsqName.IsValid(name.AsSpan()));
    }

    [Theory]
    [InlineData(64, "", true)]
    [InlineData(65, "", false)]
    [InlineData(54, "#ephemeral", true)]
    [InlineData(55, "#ephemeral", false)]
    public void Case_39_A_suffix_counts_for_the_length(int length, string suffix, bool valid) =>
        Assert.Equal(valid, NsqName.IsValid(Encoding.UTF8.GetBytes(new string('x', length) + suffix)));
}
