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

        Flags are written --flag=value, --flag value, -flag=value or -flag value; a boolean may stand alone.
        Durations are written like 250ms, 2s, 1m30s or 1.5h.
        Each flag may also be an environment variable, BROKER_ and its name in upper case (BROKER_TCP_ADDRESS for --tcp-address),
        or a key of the file that --config names (tcp_address). The command line goes before the environment, that before the file.
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
