using System.CommandLine;
using System.CommandLine.Invocation;
using Broker.Silo.Flags;

namespace Broker.Silo.CommandLine;

/// <summary>Help: the flags that most people need, all others by what they are about, and where else than on the command line a flag can be set.</summary>
/// <param name="served">The command that is asked about.</param>
public sealed class FlagHelp(ServeCommand served) : SynchronousCommandLineAction
{
    private const int NameWidth = 46;

    private const string Sources =
        """

        Write flags as --flag=value, --flag value, -flag=value or -flag value. A boolean flag needs no value.
        Write durations as 250ms, 2s, 1m30s or 1.5h.
        Each flag can also be set by an environment variable (BROKER_TCP_ADDRESS for --tcp-address) or by a key of the config file (tcp_address).
        The command line overrides the environment, and the environment overrides the file.
        """;

    /// <inheritdoc/>
    // Whoever asks for help gets it, whatever else is wrong with the line.
    public override bool ClearsParseErrors => true;

    /// <inheritdoc/>
    public override int Invoke(ParseResult parseResult)
    {
        TextWriter output = parseResult.InvocationConfiguration.Output;
        bool isRoot = served.Parents.FirstOrDefault() is null;
        output.WriteLine(served.Description);
        output.WriteLine();
        output.WriteLine($"Usage: {Product.Program} {(isRoot ? "[command]" : served.Name)} [flags]");
        if (isRoot)
        {
            output.WriteLine();
            output.WriteLine("Commands:");
            foreach (Command command in served.Subcommands) WriteRow(output, command.Name, command.Description ?? "");
        }
        foreach (IGrouping<string, FlagOption> group in served.Options.OfType<FlagOption>().GroupBy(GroupOf).OrderBy(group => Array.IndexOf(FlagGroup.Order, group.Key)))
        {
            output.WriteLine();
            output.WriteLine($"{group.Key}:");
            foreach (FlagOption option in group) WriteRow(output, $"--{option.Flag.Name} <{option.Flag.ValueLabel}>", option.Description ?? "");
        }
        output.WriteLine(Sources);
        return ExitCode.Done;
    }

    private static string GroupOf(FlagOption option) => FlagGroup.IsCommon(option.Flag.Name) ? FlagGroup.Common : option.Flag.Group;

    private static void WriteRow(TextWriter output, string name, string description) =>
        output.WriteLine(name.Length < NameWidth ? $"  {name.PadRight(NameWidth)}{description}" : $"  {name}\n  {new string(' ', NameWidth)}{description}");
}
