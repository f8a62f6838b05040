namespace Broker.Admin;

/// <summary>What several nodes said, and which of them said nothing.</summary>
/// <param name="Value">What those said that answered.</param>
/// <param name="Failures">A sentence for each that did not.</param>
public sealed record Gathered<T>(T Value, IReadOnlyList<string> Failures)
{
    /// <summary>The failures as nsqadmin tells them: <c>WARNING: </c> and all of them, or nothing.</summary>
    public string Warning => WarningOf(Failures);

    /// <summary>The same value, and what failed before it was asked for.</summary>
    public Gathered<T> After(IReadOnlyList<string> earlier) => new(Value, [.. earlier, .. Failures]);

    internal static string WarningOf(IReadOnlyList<string> failures) => failures.Count == 0 ? "" : $"WARNING: {string.Join("; ", failures)}";
}
