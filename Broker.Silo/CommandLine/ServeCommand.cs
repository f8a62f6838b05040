using System.Collections;
using System.CommandLine;
using System.CommandLine.Help;
using System.CommandLine.Parsing;
using Broker.Silo.Flags;
using Broker.Silo.Settings;

namespace Broker.Silo.CommandLine;

/// <summary>A command that serves by the flags of a catalogue.</summary>
public sealed class ServeCommand : Command
{
    public ServeCommand(string name, string description, FlagCatalogue catalogue) : base(name, description)
    {
        Catalogue = catalogue;
        foreach (Flag flag in catalogue.Flags) Options.Add(new FlagOption(flag));
        Options.Add(new HelpOption { Action = new FlagHelp(this) });
        // As the original, which ignores arguments. What is no flag is told apart by the program.
        TreatUnmatchedTokensAsErrors = false;
    }

    /// <summary>The flags it takes.</summary>
    public FlagCatalogue Catalogue { get; }

    /// <summary>What the command line says.</summary>
    public static FlagLayer ReadFlags(ParseResult result)
    {
        FlagLayer layer = new();
        foreach (OptionResult option in result.CommandResult.Children.OfType<OptionResult>())
        {
            if (option.Option is FlagOption { Flag: { } flag })
                layer.Add(flag, $"--{flag.Name}", [.. option.Tokens.Select(token => token.Value)]);
        }
        return layer;
    }

    /// <summary>Prints the version when that is asked for; else serves until told to stop.</summary>
    public void ServeBy(Func<BrokerSettings, CancellationToken, Task> serve, IDictionary environment) =>
        SetAction(async (result, cancellation) =>
        {
            FlagLayer flags = ReadFlags(result);
            Flag version = Catalogue.Find(FlagCatalogue.Version)!;
            if (flags.Find(version, Catalogue) is { } asked && GoBoolean.TryParse(asked.Texts[^1], out bool wanted) && wanted)
            {
                await result.InvocationConfiguration.Output.WriteLineAsync(Product.BannerOf(Catalogue.Program));
                await result.InvocationConfiguration.Output.WriteLineAsync(Product.Own);
                return ExitCode.Done;
            }
            BrokerSettings settings = SettingsLoader.Load(Catalogue, flags, environment);
            settings.Warnings.AddRange(result.UnmatchedTokens.Select(token => $"{token}: ignored, it is an argument without a flag"));
            await serve(settings, cancellation);
            return ExitCode.Done;
        });
}
