using System.Collections;
using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Parsing;
using Broker.Silo.Flags;
using Broker.Silo.Hosting;
using Broker.Silo.Settings;

namespace Broker.Silo.CommandLine;

/// <summary>The process as its caller sees it: arguments in, lines and an exit code out.</summary>
/// <param name="serve">Serves a broker until told to stop.</param>
/// <param name="serveLookup">Serves the lookup service alone until told to stop.</param>
/// <param name="serveAdmin">Serves the admin web alone until told to stop.</param>
/// <param name="serveGateway">Serves a gateway by itself until told to stop.</param>
/// <param name="environment">The environment's variables.</param>
/// <param name="input">Gives a password or a secret that is to be hashed.</param>
/// <param name="output">Takes what was asked for.</param>
/// <param name="error">Takes the one line that says why there is no broker.</param>
public sealed class BrokerProgram(
    Func<BrokerSettings, CancellationToken, Task> serve,
    Func<BrokerSettings, CancellationToken, Task> serveLookup,
    Func<BrokerSettings, CancellationToken, Task> serveAdmin,
    Func<BrokerSettings, CancellationToken, Task> serveGateway,
    IDictionary environment,
    TextReader input,
    TextWriter output,
    TextWriter error)
{
    // No response files and no bundles of one-letter flags: nsqd's users write neither, and both would hide mistakes.
    private static readonly ParserConfiguration Syntax = new() { EnablePosixBundling = false, ResponseFileTokenReplacer = null };

    /// <summary>Runs to the end and returns the exit code.</summary>
    public async Task<int> RunAsync(IReadOnlyList<string> arguments)
    {
        try
        {
            ServeCommand root = CreateCommands();
            FlagCatalogue catalogue = arguments.Count > 0 && root.Subcommands.FirstOrDefault(c => c.Name == arguments[0]) is ServeCommand sub
                ? sub.Catalogue
                : root.Catalogue;
            ParseResult result = root.Parse(GoFlagSyntax.Normalize(arguments, catalogue), Syntax);
            if (result.Action is not (FlagHelp or HelpAction)) ThrowIfWrong(result);
            // Signals are the host's to handle: it has sockets to close before the process may end.
            return await result.InvokeAsync(new InvocationConfiguration
            {
                Output = output,
                Error = error,
                EnableDefaultExceptionHandler = false,
                ProcessTerminationTimeout = null,
            });
        }
        catch (Exception e) when (e is SettingsException or StartException)
        {
            await error.WriteLineAsync($"{Product.Program}: {e.Message.ReplaceLineEndings(" ")}");
            return ExitCode.NotStarted;
        }
    }

    /// <summary>All commands.</summary>
    private ServeCommand CreateCommands()
    {
        ServeCommand root = new(Product.Program, "NSQ-compatible message broker. Without a command it serves broker, lookup service and admin web, on loopback.",
            FlagCatalogue.ForAll());
        ServeCommand nsqd = new("nsqd", "broker alone: nsqd's flags and defaults, on all interfaces",
            FlagCatalogue.ForNsqd());
        ServeCommand nsqlookupd = new("nsqlookupd", "lookup service alone: nsqlookupd's flags and defaults, on all interfaces",
            FlagCatalogue.ForNsqlookupd());
        root.ServeBy(serve, environment);
        nsqd.ServeBy(serve, environment);
        nsqlookupd.ServeBy(serveLookup, environment);
        ServeCommand nsqadmin = new(FlagCatalogue.Nsqadmin, "admin web alone: nsqadmin's flags and defaults, on all interfaces",
            FlagCatalogue.ForNsqadmin());
        nsqadmin.ServeBy(serveAdmin, environment);
        root.Subcommands.Add(nsqd);
        root.Subcommands.Add(nsqlookupd);
        root.Subcommands.Add(nsqadmin);
        root.Subcommands.Add(CreateGateway());
        root.Subcommands.Add(new HashPasswordCommand(input));
        root.Subcommands.Add(new HashSecretCommand(input));
        return root;
    }

    private ServeCommand CreateGateway()
    {
        ServeCommand gateway = new(FlagCatalogue.Gateway, "stand-alone gateway of a cluster: serves NSQ clients, keeps no messages", FlagCatalogue.ForGateway());
        gateway.ServeBy(serveGateway, environment);
        return gateway;
    }

    private static void ThrowIfWrong(ParseResult result)
    {
        Command command = result.CommandResult.Command;
        string help = $"\"{Product.Program}{(result.CommandResult.Parent is null ? "" : $" {command.Name}")} --help\"";
        foreach (string unmatched in result.UnmatchedTokens)
        {
            if (unmatched.StartsWith('-'))
                throw new SettingsException($"{unmatched.Split('=')[0]}: there is no such flag; {help} lists all");
            if (command.Subcommands.Count > 0)
                throw new SettingsException($"{unmatched}: there is no such command; {help} lists all");
            if (command.TreatUnmatchedTokensAsErrors)
                throw new SettingsException($"{unmatched}: an argument without a flag; {help} lists all flags");
        }
        if (result.CommandResult.Parent is CommandResult parent && parent.Children.OfType<OptionResult>().Any())
            throw new SettingsException($"{command.Name}: flags stand after the command, as in {Product.Program} {command.Name} --flag=value");
        if (result.Errors is [{ } other, ..]) throw new SettingsException(other.Message);
    }
}
