using System.CommandLine;

namespace Broker.Bench.Commands;

/// <summary>An option that chooses some of what has names, separated by commas; all if it is not given.</summary>
internal sealed class NamesOption<T> : Option<IReadOnlyList<T>>
{
    private readonly IReadOnlyList<T> _all;

    public NamesOption(string name, string description, IReadOnlyList<T> all, Func<T, string> nameOf)
        : base(name)
    {
        string known = string.Join(", ", all.Select(nameOf));
        Description = $"{description}, separated by commas: {known} [default: all]";
        _all = all;
        CustomParser = result =>
        {
            string[] chosen = result.Tokens[0].Value.Split(',');
            if (chosen.FirstOrDefault(one => !all.Any(item => nameOf(item) == one)) is string unknown)
                result.AddError($"{name} must be some of {known}, not '{unknown}'");
            return [.. all.Where(item => chosen.Contains(nameOf(item)))];
        };
    }

    /// <summary>What was chosen.</summary>
    // A default of its own would be shown in the help, item by item.
    public IReadOnlyList<T> In(ParseResult flags) => flags.GetResult(this) is null ? _all : flags.GetValue(this)!;
}
