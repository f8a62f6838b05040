using Broker.Serving.Http;

namespace Broker.Tests.Http;

public sealed class QueryParametersTests
{
    [Theory]
    [InlineData("?a=b", "b")]
    [InlineData("a=b&a=c", "b")]
    [InlineData("a=", "")]
    [InlineData("a", "")]
    [InlineData("&&a=b&", "b")]
    [InlineData("x=y&a=%41+%c3%a9=1", "A é=1")]
    [InlineData("%61=b", "b")]
    [InlineData("A=b", null)]
    [InlineData("", null)]
    public void The_first_of_a_name_counts(string query, string? value) => Assert.Equal(value, QueryParameters.Parse(query)!.Find("a"));

    [Theory]
    [InlineData("a=%")]
    [InlineData("a=%4")]
    [InlineData("a=%zz")]
    [InlineData("%=a")]
    [InlineData("a=b;c=d")]
    public void What_cannot_be_read_is_not_guessed(string query) => Assert.Null(QueryParameters.Parse(query));
}
