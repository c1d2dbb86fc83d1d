using System.Globalization;
using System.Text.Json.Nodes;
using Idiolect.Formats;

namespace Idiolect.Models;

/// <summary>
/// A classifier as a Hugging Face model folder: the backbone's config.json with <c>id2label</c>, <c>label2id</c> and <c>problem_type</c>, and in
/// model.safetensors beside the backbone's tensors the head's, <c>score.weight</c>. On a GPT that is transformers' <c>GPT2ForSequenceClassification</c>
/// (or Llama's, Qwen3's). No published type takes the mean of a BERT's states, so there <c>BertModel</c> opens the backbone.
/// </summary>
public static class ClassifierFolder
{
    private const string ProblemType = "single_label_classification";
    private const string Labels = "id2label";

    /// <summary>Reads the labels only; null where the folder holds no classifier.</summary>
    /// <param name="folder">The model folder.</param>
    /// <exception cref="FileNotFoundException">There is no config.json.</exception>
    /// <exception cref="InvalidDataException">The labels make no sense.</exception>
    public static IReadOnlyList<string>? LoadLabels(string folder) => LoadLabels(ConfigFile.Open(folder));

    internal static IReadOnlyList<string>? LoadLabels(ConfigFile file)
        => file.Fields.TextOr("problem_type", "") == ProblemType ? file.Fields.NumberedTexts(Labels) : null;

    /// <summary>Reads a classifier.</summary>
    /// <param name="folder">The model folder.</param>
    /// <exception cref="FileNotFoundException">A file is missing.</exception>
    /// <exception cref="InvalidDataException">The folder holds no classifier, a file is damaged, or a tensor is missing or has another shape than the config says.</exception>
    public static Classifier Load(string folder)
    {
        var file = ConfigFile.Open(folder);
        var labels = LoadLabels(file)
            ?? throw new InvalidDataException($"{folder} holds no classifier: TextClassifier.Begin starts one on a trained model.");
        return Ownership.HandOver(ModelFolder.LoadModel(file), backbone =>
        {
            using var weights = SafetensorsFolder.Open(folder); // whose content the backbone's loading has verified
            long[] shape = [labels.Count, TextVectors.Width(backbone.Config)];
            if (!weights.Tensors.TryGetValue(Classifier.HeadName, out var head) || !head.Shape.SequenceEqual(shape))
            {
                throw new InvalidDataException($"{folder}: tensor {Classifier.HeadName} is missing or has not the shape [{string.Join(", ", shape)}] of {Labels}.");
            }
            var classifier = new Classifier(backbone, labels);
            weights.Read(Classifier.HeadName, classifier.Head.MutableValues);
            return classifier;
        });
    }

    /// <summary>Writes a classifier; each file atomically.</summary>
    /// <param name="classifier">The classifier.</param>
    /// <param name="folder">The folder, made if need be.</param>
    public static void Save(Classifier classifier, string folder)
    {
        var (config, tensors) = ModelFolder.Describe(classifier.Backbone);
        var (names, numbers) = (new JsonObject(), new JsonObject());
        for (var i = 0; i < classifier.Labels.Count; i++)
        {
            names[i.ToString(CultureInfo.InvariantCulture)] = classifier.Labels[i];
            numbers[classifier.Labels[i]] = i;
        }
        if (classifier.Backbone is Bert)
        {
            config["architectures"] = new JsonArray("BertModel");
        }
        else if (config["architectures"]?[0]?.GetValue<string>() is { } name) // GPT2LMHeadModel, LlamaForCausalLM, Qwen3ForCausalLM
        {
            config["architectures"] = new JsonArray(
                name.Replace("LMHeadModel", "", StringComparison.Ordinal).Replace("ForCausalLM", "", StringComparison.Ordinal) + "ForSequenceClassification");
        }
        config["problem_type"] = ProblemType;
        config[Labels] = names;
        config["label2id"] = numbers;
        ModelWeights.Write(
            folder, config,
            tensors.Where(tensor => tensor.Parameter != classifier.Head)
                .Append(new PublishedTensor(Classifier.HeadName, classifier.Head, 0, classifier.Labels.Count)));
    }
}
