using System.CommandLine;
using Broker.Silo.Flags;
using Broker.Silo.Settings;

namespace Broker.Silo.CommandLine;

/// <summary>A command whose feature this build lacks: says so, whatever follows it.</summary>
public sealed class AbsentCommand : Command
{
    public AbsentCommand(string name, Feature feature) : base(name, $"{feature.Name} {feature.Absence}")
    {
        TreatUnmatchedTokensAsErrors = false;
        SetAction(Refuse);

        int Refuse(ParseResult result) => throw new SettingsException($"{name}: {feature.Name} {feature.Absence}");
    }
}
