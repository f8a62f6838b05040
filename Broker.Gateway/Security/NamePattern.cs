using System.Text.RegularExpressions;

namespace Broker.Gateway.Security;

/// <summary>
/// A regular expression of Go's over topics or channels: an unanchored search (spec 1.8). It runs in time linear to the name,
/// like Go's own: an auth server that has been taken over, or one that passes on what users wrote, cannot stall the broker.
/// </summary>
public sealed class NamePattern
{
    private const int MaxLength = 4096;

    private static readonly TimeSpan MatchTimeout = TimeSpan.FromSeconds(1);

    private readonly Regex _regex;

    private NamePattern(Regex regex) => _regex = regex;

    /// <summary>Compiles an expression.</summary>
    /// <param name="expression">What Go would take, other than its Unicode classes and its flag <c>U</c>.</param>
    /// <returns>Null when it cannot be compiled.</returns>
    public static NamePattern? TryCompile(string expression)
    {
        if (expression.Length > MaxLength)
            return null;
        try
        {
            // Go writes named groups with a P; look-arounds and back-references neither of the two takes.
            string pattern = expression.Replace("(?P<", "(?<", StringComparison.Ordinal);
            return new NamePattern(new Regex(pattern, RegexOptions.NonBacktracking | RegexOptions.CultureInvariant, MatchTimeout));
        }
        catch (Exception e) when (e is ArgumentException or NotSupportedException)
        {
            return null;
        }
    }

    /// <summary>Whether it is found in the name.</summary>
    public bool IsMatch(string name) => _regex.IsMatch(name);
}
