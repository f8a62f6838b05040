using System.CommandLine;

namespace Broker.Bench.Commands;

/// <summary>An option that says where programs are: <c>name=path</c>, as often as needed.</summary>
internal sealed class ProgramsOption : Option<Dictionary<string, string>>
{
    public ProgramsOption(IEnumerable<string> names)
        : base("--program")
    {
        string[] known = [.. names];
        Description = $"name=path of a program that is not on the path, as often as needed; names are {string.Join(", ", known)}";
        Arity = ArgumentArity.OneOrMore;
        DefaultValueFactory = _ => [];
        CustomParser = result =>
        {
            Dictionary<string, string> paths = [];
            foreach (string text in result.Tokens.Select(token => token.Value))
            {
                int equals = text.IndexOf('=');
                if (equals <= 0 || !known.Contains(text[..equals]))
                    result.AddError($"--program must be name=path with one of the names {string.Join(", ", known)}, not '{text}'");
                else
                    paths[text[..equals]] = text[(equals + 1)..];
            }
            return paths;
        };
    }
}
