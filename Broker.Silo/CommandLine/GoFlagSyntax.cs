using Broker.Silo.Flags;
using Broker.Silo.Settings;

namespace Broker.Silo.CommandLine;

/// <summary>
/// Go's ways to write flags, brought into one: <c>--flag value</c>. Go takes one dash for two and a boolean without a value, which
/// System.CommandLine cannot tell from a boolean followed by something else.
/// </summary>
public static class GoFlagSyntax
{
    /// <summary>The same arguments with each known flag as two items, name and value. Everything else is left as it is.</summary>
    /// <exception cref="SettingsException">A flag lacks its value.</exception>
    public static IReadOnlyList<string> Normalize(IReadOnlyList<string> arguments, FlagCatalogue catalogue)
    {
        List<string> normal = [];
        for (int i = 0; i < arguments.Count; i++)
        {
            string argument = arguments[i];
            if (argument is "-help")
            {
                normal.Add("--help");
                continue;
            }
            if (FlagIn(argument, catalogue) is not { } flag)
            {
                normal.Add(argument);
                continue;
            }
            normal.Add($"--{flag.Name}");
            string? next = i + 1 < arguments.Count ? arguments[i + 1] : null;
            int equals = argument.IndexOf('=');
            if (equals >= 0)
            {
                normal.Add(argument[(equals + 1)..]);
            }
            else if (flag.IsSwitch)
            {
                // Go would end its flags here and never look at the rest; taking the value is what was meant.
                bool hasValue = next is not null && flag.Accepts(next);
                normal.Add(hasValue ? next! : "true");
                if (hasValue) i++;
            }
            else if (next is not null && FlagIn(next, catalogue) is null)
            {
                normal.Add(next);
                i++;
            }
            else
            {
                throw new SettingsException($"--{flag.Name}: a value is missing; write --{flag.Name}=<{flag.ValueLabel}>");
            }
        }
        return normal;
    }

    private static Flag? FlagIn(string argument, FlagCatalogue catalogue)
    {
        if (!argument.StartsWith('-')) return null;
        string name = argument[(argument.StartsWith("--", StringComparison.Ordinal) ? 2 : 1)..];
        int equals = name.IndexOf('=');
        return catalogue.Find(equals < 0 ? name : name[..equals]);
    }
}
