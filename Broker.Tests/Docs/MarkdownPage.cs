using System.Text.RegularExpressions;
using Broker.Tests.Running;

namespace Broker.Tests.Docs;

/// <summary>A page of the documentation, and the blocks of commands in it.</summary>
/// <param name="file">Its path within the solution.</param>
internal sealed partial class MarkdownPage(string file)
{
    private readonly string _text = File.ReadAllText(Solution.PathOf(file));

    /// <summary>The blocks of shell commands below a heading, in their order.</summary>
    public IReadOnlyList<string> CommandsBelow(string heading)
    {
        Match section = Section(heading).Match(_text);
        Assert.True(section.Success, $"{file} has no heading '{heading}'");
        return [.. CommandBlock().Matches(section.Value).Select(block => block.Groups[1].Value.TrimEnd())];
    }

    private static Regex Section(string heading) => new($@"^#+ {Regex.Escape(heading)}\n.*?(?=^#+ |\z)", RegexOptions.Multiline | RegexOptions.Singleline);

    [GeneratedRegex(@"^```sh\n(.*?)^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex CommandBlock();
}
