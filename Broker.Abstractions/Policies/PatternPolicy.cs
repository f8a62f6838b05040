using System.IO.Enumeration;
using Orleans;

namespace Broker.Policies;

/// <summary>What the configuration says of all topics whose names match a pattern, and so of topics that are made later.</summary>
/// <param name="Topics">The pattern: a name in which each <c>*</c> stands for any number of characters.</param>
/// <param name="Policy">What those topics do differently.</param>
[GenerateSerializer, Immutable, Alias("Broker.PatternPolicy")]
public sealed record PatternPolicy([property: Id(0)] string Topics, [property: Id(1)] TopicPolicy Policy)
{
    /// <summary>Whether this is said of a topic.</summary>
    public bool Covers(string topic) => FileSystemName.MatchesSimpleExpression(Topics, topic, ignoreCase: false);
}
